/** A small table of settings, so that tests of reading do not change when a setting of the server does. */

import type { Setting } from '../../../src/config/setting.ts'
import {
  choiceOrBare,
  flag,
  hook,
  integer,
  list,
  optional,
  pathKind,
  text,
  textKind,
} from '../../../src/config/setting-kinds.ts'

const said = { summary: 'A setting.' }

export const table = {
  config: optional(pathKind, { ...said, cli: ['-c', '--config'] }),
  wsgi_app: optional(textKind, said),
  app: optional(textKind, said),
  bind: list({ ...said, cli: ['-b', '--bind'], default: ['127.0.0.1:8000'] }),
  workers: integer({
    ...said,
    cli: ['-w', '--workers'],
    env: 'WEB_CONCURRENCY',
    minimum: 0,
    default: 1,
    common: true,
  }),
  timeout: integer({ ...said, cli: ['-t', '--timeout'], minimum: 0, default: 30 }),
  max_requests: integer({ ...said, cli: ['--max-requests'], minimum: 0, default: 0 }),
  max_requests_jitter: integer({ ...said, cli: ['--max-requests-jitter'], minimum: 0, default: 0 }),
  chdir: text({ ...said, cli: ['--chdir'], default: '.' }),
  daemon: flag({ ...said, cli: ['-D', '--daemon'], default: false }),
  sendfile: flag({ ...said, cli: ['--no-sendfile'], constant: false, default: true }),
  reuse_port: flag({ ...said, cli: ['--reuse-port'], default: false }),
  errorlog: text({ ...said, cli: ['--error-logfile', '--log-file'], default: '-' }),
  proxy_protocol: choiceOrBare({
    ...said,
    cli: ['--proxy-protocol'],
    words: ['off', 'v1', 'v2', 'auto'],
    constant: 'auto',
    default: 'off',
  }),
  certfile: optional(pathKind, { ...said, cli: ['--certfile'] }),
  keyfile: optional(pathKind, { ...said, cli: ['--keyfile'] }),
  spew: flag({ ...said, cli: ['--spew'], default: false, later: 'the WSGI bridge' }),
  check_config: flag({ ...said, cli: ['--check-config'], default: false }),
  print_config: flag({ ...said, cli: ['--print-config'], default: false }),
  pre_fork: hook<(server: unknown, worker: unknown) => void>({ ...said, parameters: ['server', 'worker'] }),
  post_fork: hook<(server: unknown, worker: unknown) => void>({ ...said, parameters: ['server', 'worker'] }),
  pre_request: hook<(worker: unknown, request: unknown) => void>({
    ...said,
    parameters: ['worker', 'request'],
  }),
} as const satisfies Record<string, Setting>
