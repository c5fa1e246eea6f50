import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { uwsgiOptions } from '../../../src/migrate/uwsgi-options.ts'
import { toDoOf, useMigration } from './project.ts'

const project = useMigration()

const ofIni = async (options: string, name = 'uwsgi.ini'): Promise<string> => {
  project.write({ [name]: `[uwsgi]\n${options}` })
  return project.translated(name)
}

test('a usual uwsgi.ini becomes this text', async () => {
  const text = await ofIni(`; ours
project = shop
module = %(project).wsgi:application
master = true
processes = 5
threads = 2
socket = %(project).sock
chmod-socket = 660
harakiri = 60
max-requests = 1000
reload-on-rss = 512
home = /srv/%(project)/venv
env = DJANGO_SETTINGS_MODULE=shop.settings
env = LANG=C.UTF-8
vacuum
die-on-term = true
touch-reload = /srv/shop/reload
`)
  expect(text).toMatchInlineSnapshot(`
    "/// <reference path="./.tsgunicorn/config.d.ts" />
    import { defineConfig } from 'tsgunicorn'

    // Written from uwsgi.ini. What stands below TODO is yours to decide: docs/migrate/uwsgi.md.
    export default defineConfig({
      wsgi_app: 'shop.wsgi:application',
      python: '/srv/shop/venv',
      raw_env: ['DJANGO_SETTINGS_MODULE=shop.settings', 'LANG=C.UTF-8'],
      workers: 5,
      threads: 2,
      // uWSGI spoke its own protocol here, and this is HTTP: in nginx write proxy_pass http://... in the place of
      // uwsgi_pass.
      bind: ['unix:shop.sock'],
      umask: 0o117,
      timeout: 60,
      max_requests: 1000,
      max_worker_memory: '512M',
      // TODO: touch-reload: Reload by a command: tsgunicornc reload --wait, or HUP to the master. A script that touched
      // the file runs the command.
      // Nothing is needed for: master, vacuum, die-on-term.
      // uWSGI loads the application before it forks, unless lazy-apps is set.
      preload_app: true,
    })
    "
  `)
  expect(await project.given(text)).toEqual({
    wsgi_app: 'shop.wsgi:application',
    python: '/srv/shop/venv',
    raw_env: ['DJANGO_SETTINGS_MODULE=shop.settings', 'LANG=C.UTF-8'],
    workers: 5,
    threads: 2,
    bind: ['unix:shop.sock'],
    umask: 0o117,
    timeout: 60,
    max_requests: 1000,
    max_worker_memory: 512 * 1024 ** 2,
    preload_app: true,
  })
})

test.each<[string, string, Readonly<Record<string, unknown>>]>([
  ['a file', 'wsgi-file = shop/wsgi.py\ncallable = app', { wsgi_app: 'shop.wsgi:app' }],
  ['a file below chdir', 'chdir = /srv\nfile = /srv/a/b.py', { wsgi_app: 'a.b' }],
  ['a callable', 'module = web\ncallable = app', { wsgi_app: 'web:app' }],
  ['HTTP on a port', 'http = :8080', { bind: [':8080'] }],
  [
    'several sockets',
    'http-socket = 127.0.0.1:1\nhttp-socket = 127.0.0.1:2',
    { bind: ['127.0.0.1:1', '127.0.0.1:2'] },
  ],
  ['an absolute socket', 'socket = /run/a.sock', { bind: ['unix:/run/a.sock'] }],
  ['lazy apps', 'lazy-apps = true', {}],
  ['the log', 'daemonize = /var/log/a.log', { daemon: true, errorlog: '/var/log/a.log' }],
  ['paths of Python', 'pp = /a\npythonpath = /b', { pythonpath: '/b' }],
  ['the last of several', 'processes = 2\nprocesses = 3', { workers: 3 }],
  ['a mode without a number', 'socket = a\nchmod-socket = true', { umask: 0o111 }],
])('%s', async (name, options, expected) => {
  const given = await project.given(await ofIni(options))
  expect(given).toMatchObject(expected)
  expect('preload_app' in given).toBe(name !== 'lazy apps')
})

test.each<[string, string, RegExp]>([
  [
    'a file elsewhere',
    'wsgi-file = /srv/x/app.wsgi',
    /wsgi-file: \/srv\/x\/app\.wsgi is no module below chdir/,
  ],
  ['the protocol', 'socket = :3031', /proxy_pass/],
  ['no limit for requests', 'module = a', /harakiri/],
  ['gevent', 'gevent = 100', /use threads/],
  ['an option that is none', 'procesess = 4', /procesess: it is not known here.*'processes'/],
  ['a number that is none', 'threads = many', /threads: 'many' is not understood/],
])('%s is told of', async (_, options, words) => {
  const text = await ofIni(options)
  expect([...toDoOf(text), text].join('\n')).toMatch(words)
  await project.given(text)
})

test('placeholders are filled, those of the file too', async () => {
  const text = await ofIni('base = %d\nchdir = %(base)app\npidfile = /run/%n.pid\nlogto = %%d', 'shop.ini')
  expect(text).toContain(`chdir: '${project.directory}/app'`)
  expect(text).toContain("pidfile: '/run/shop.pid'")
  expect(text).toContain("errorlog: '%d'")
})

test('YAML and JSON have the same options', async () => {
  project.write({
    'u.yaml': 'uwsgi:\n  module: a\n  env:\n    - A=1\n    - B=2\n',
    'u.json': '{"uwsgi":{"workers":3}}',
  })
  expect(await project.given(await project.translated('u.yaml'))).toMatchObject({
    wsgi_app: 'a',
    raw_env: ['A=1', 'B=2'],
  })
  expect(await project.given(await project.translated('u.json'))).toMatchObject({ workers: 3 })
})

test('an ini without the section is refused', async () => {
  project.write({ 'a.ini': '[app:main]\nuse = egg:shop\n' })
  await expect(project.translated('a.ini')).rejects.toMatchObject({
    code: 'TSG_CONFIG_SHAPE',
    message: expect.stringContaining('[uwsgi]'),
  })
})

const helpOfUwsgi = (): string | undefined => {
  try {
    return execFileSync('uwsgi', ['--plugin', 'python3,http', '--help'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch (error) {
    if (error instanceof Error) return undefined
    throw error
  }
}
const help = helpOfUwsgi()

test.skipIf(help === undefined)('every option of the table is one of uWSGI (skipped without uwsgi)', () => {
  const theirs = new Set([...(help ?? '').matchAll(/--([\w-]+)/gu)].map(([, name]) => name))
  const ours = Object.entries(uwsgiOptions).flatMap(([name, { aliases = [] }]) => [name, ...aliases])
  // Its plugin is a package of its own.
  const unknown = ours.filter((name) => !theirs.has(name) && name !== 'gevent')
  expect(unknown).toEqual([])
})
