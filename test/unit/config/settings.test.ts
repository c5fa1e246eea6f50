import { describe, expect, test } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import type { Setting } from '../../../src/config/setting.ts'
import { type InferredConfig, isSettingName, sections, settings } from '../../../src/config/settings/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Flat<T> = { readonly [K in keyof T]: T[K] }

/** Does not compile when the generated interface and the declarations disagree. */
const generatedEqualsInferred: Equal<Flat<Config>, Flat<InferredConfig>> = true
const eachIsEqual: { readonly [K in keyof Config]: Equal<Config[K], InferredConfig[K]> } extends {
  readonly [K in keyof Config]: true
}
  ? true
  : false = true

/** The names of Gunicorn 27.0.1, section by section. */
const gunicorn: Readonly<Record<string, string>> = {
  'Config File': 'config wsgi_app',
  'Server Socket': 'bind backlog',
  'Worker Processes': `workers worker_class threads worker_connections max_requests max_requests_jitter timeout
    graceful_timeout keepalive asgi_loop asgi_lifespan asgi_disconnect_grace_period
    websocket_max_message_size http_parser`,
  Security: 'limit_request_line limit_request_fields limit_request_field_size',
  Debugging: 'reload reload_engine reload_extra_files spew check_config print_config',
  'Server Mechanics': `preload_app sendfile reuse_port chdir daemon raw_env pidfile worker_tmp_dir user group umask
    initgroups tmp_upload_dir secure_scheme_headers forwarded_allow_ips pythonpath paste proxy_protocol proxy_allow_ips
    protocol uwsgi_allow_ips raw_paste_global_conf permit_obsolete_folding strip_header_spaces
    permit_unconventional_http_method permit_unconventional_http_version casefold_http_method forwarder_headers
    header_map root_path`,
  Logging: `accesslog disable_redirect_access_to_syslog access_log_format errorlog loglevel capture_output logger_class
    logconfig logconfig_dict logconfig_json syslog_addr syslog syslog_prefix syslog_facility enable_stdio_inheritance
    statsd_host dogstatsd_tags statsd_prefix enable_backlog_metric`,
  'Process Naming': 'proc_name default_proc_name',
  'Server Hooks': `on_starting on_reload when_ready pre_fork post_fork post_worker_init worker_int worker_abort pre_exec
    pre_request post_request child_exit worker_exit nworkers_changed on_exit`,
  SSL: `keyfile certfile ssl_version cert_reqs ca_certs suppress_ragged_eofs do_handshake_on_connect ciphers
    ssl_context`,
  'HTTP/2': `http_protocols http2_cleartext http2_max_concurrent_streams http2_initial_window_size
    http2_max_frame_size http2_max_header_list_size`,
  'Dirty Arbiters': `dirty_apps dirty_workers dirty_timeout dirty_threads dirty_graceful_timeout on_dirty_starting
    dirty_post_fork dirty_worker_init dirty_worker_exit`,
  Control: 'control_socket control_socket_mode control_socket_disable',
}

const all = Object.entries<Setting>(settings)

test('the generated configuration type is the one the declarations infer', () => {
  expect([generatedEqualsInferred, eachIsEqual]).toEqual([true, true])
})

describe('the table of settings', () => {
  test.each(Object.entries(gunicorn))(
    'has the settings of Gunicorn in "%s", in their order',
    (title, text) => {
      const names: readonly string[] = sections.find((section) => section.title === title)?.names ?? []
      const ours = names.filter((name) => isSettingName(name) && !isOurs(settings[name]))
      expect(ours).toEqual(text.split(/\s+/))
    },
  )

  test('has every setting in exactly one section', () => {
    const placed = sections.flatMap(({ names }) => names)
    expect([...placed].sort()).toEqual(Object.keys(settings).sort())
  })

  test('gives no flag twice', () => {
    const flags = all.flatMap(([, { cli = [] }]) => cli)
    expect(flags.filter((flag, place) => flags.indexOf(flag) !== place)).toEqual([])
    expect(flags.filter((flag) => !/^(?:-[A-Za-z]|--[a-z][a-z0-9_-]*)$/.test(flag))).toEqual([])
    // Of the program itself.
    expect(flags.filter((flag) => ['-h', '--help', '-v', '--version'].includes(flag))).toEqual([])
  })

  test.each(all)('%s: the default is a value the setting allows', (_name, setting) => {
    expect(setting.check(setting.default)).toEqual({ ok: true, value: setting.default })
  })

  test.each(all)('%s: says in a sentence what it is, and in details when to change it', (_name, setting) => {
    expect(setting.summary).toMatch(/^[A-Z].*\.$/)
    if (setting.later === undefined) expect(setting.details).toMatch(/\S/)
  })

  test.each(all)('%s: refuses a value of another kind with words about what is allowed', (_name, setting) => {
    if (setting.kind === 'any') return
    const checked = setting.check(Symbol('no setting takes this'))
    expect(checked).toEqual({ ok: false, allowed: expect.stringMatching(/\S/) })
  })

  test('every flag with a value can be read back from its default', () => {
    for (const [name, setting] of all) {
      const { default: value } = setting
      if (setting.cli === undefined || setting.flag === 'switch' || value === undefined) continue
      const written = Array.isArray(value) ? value.join(',') : String(value)
      if (Array.isArray(value) && value.length === 0) continue
      expect([name, setting.parse(written)]).toEqual([name, { ok: true, value }])
    }
  })
})

describe('what Gunicorn’s command lines and environments say means the same here', () => {
  const cases: ReadonlyArray<readonly [keyof typeof settings, string, unknown]> = [
    ['workers', '4', 4],
    ['workers', '0x10', 16],
    ['workers', '0o22', 18],
    ['workers', ' 3 ', 3],
    ['workers', '0', 0],
    ['workers', '010', 10],
    ['workers', '+5', 5],
    ['workers', '1_0', 10],
    ['workers', 'auto', 'auto'],
    ['timeout', '0', 0],
    ['timeout', '0.5', 0.5],
    ['umask', '0022', 0o22],
    ['umask', '0o022', 0o22],
    ['umask', '18', 18],
    ['umask', '0', 0],
    ['reload', 'true', true],
    ['reload', 'False', false],
    ['bind', 'unix:/run/app.sock', ['unix:/run/app.sock']],
    ['raw_env', 'A=b=c', ['A=b=c']],
    ['forwarded_allow_ips', '10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
    ['forwarded_allow_ips', '*', ['*']],
    ['forwarder_headers', 'SCRIPT_NAME,PATH_INFO', ['SCRIPT_NAME', 'PATH_INFO']],
    ['loglevel', 'INFO', 'info'],
    ['user', '1000', 1000],
    ['user', 'www-data', 'www-data'],
    ['max_worker_memory', '512M', 512 * 1024 ** 2],
    ['pidfile', '', undefined],
    ['control_socket_mode', '0660', 0o660],
  ]
  test.each(cases)('%s: %s', (name, text, value) => {
    const setting: Setting = settings[name]
    expect(setting.parse(text)).toEqual({ ok: true, value })
  })

  const wrong: ReadonlyArray<readonly [keyof typeof settings, string]> = [
    ['workers', '-1'],
    ['workers', '1.5'],
    ['workers', '4x'],
    ['umask', '08'],
    ['workers', 'many'],
    ['workers', ''],
    ['reload', 'yes'],
    ['umask', '1777'],
    ['raw_env', 'NAME'],
    ['forwarded_allow_ips', '10.0.0.1/8'],
    ['forwarded_allow_ips', 'proxy.example'],
    ['loglevel', 'loud'],
    ['max_worker_memory', '5X'],
    ['statsd_host', 'unix://'],
  ]
  test.each(wrong)('%s: %s is refused', (name, text) => {
    const setting: Setting = settings[name]
    expect(setting.parse(text)).toMatchObject({ ok: false })
  })

  test('PORT means all addresses, and has to be a port', () => {
    expect(settings.bind.parseEnv?.('3000')).toEqual({ ok: true, value: ['0.0.0.0:3000'] })
    expect(settings.bind.parseEnv?.('http')).toMatchObject({ ok: false })
    expect(settings.bind.parseEnv?.('70000')).toMatchObject({ ok: false })
  })

  test('SENDFILE is read as Gunicorn reads it', () => {
    expect(settings.sendfile.parseEnv?.('Yes')).toEqual({ ok: true, value: true })
    expect(settings.sendfile.parseEnv?.('on')).toEqual({ ok: true, value: false })
    expect(settings.sendfile.constant).toBe(false)
  })
})

function isOurs(setting: Setting): boolean {
  return setting.gunicorn === false
}
