import { expect, test } from 'vitest'
import { toDoOf, useMigration } from './project.ts'

const project = useMigration()

const ofUnit = async (config: object, asked = {}): Promise<string> => {
  project.write({ 'unit.json': JSON.stringify(config) })
  return project.translated('unit.json', asked)
}

const blog = {
  type: 'python 3.11',
  module: 'blog.wsgi',
  callable: 'app',
  path: ['/srv/blog', '/srv/lib'],
  home: '/srv/blog/venv',
  processes: { max: 8, spare: 2, idle_timeout: 20 },
  threads: 4,
  limits: { timeout: 10, requests: 1000 },
  environment: { DEBUG: '0' },
  user: 'www',
}
const chat = {
  type: 'external',
  working_directory: '/srv/chat',
  executable: '/usr/bin/env',
  arguments: ['node', '--loader', 'unit-http/loader.mjs', 'app.js'],
  processes: 2,
}
const listeners = { '*:8080': { pass: 'applications/blog' }, '127.0.0.1:9': { pass: 'applications/chat' } }

test('a Python application', async () => {
  const settings = { http: { idle_timeout: 60, max_body_size: 1000, server_version: false } }
  const text = await ofUnit(
    { listeners, applications: { blog, chat }, settings, access_log: '/var/log/unit.log' },
    { app: 'blog' },
  )
  expect(await project.given(text)).toEqual({
    bind: ['0.0.0.0:8080'],
    wsgi_app: 'blog.wsgi:app',
    pythonpath: '/srv/blog,/srv/lib',
    python: '/srv/blog/venv',
    raw_env: ['DEBUG=0'],
    workers: 8,
    threads: 4,
    max_requests: 1000,
    timeout: 10,
    user: 'www',
    keepalive: 60,
    limit_request_body: 1000,
    accesslog: '/var/log/unit.log',
  })
  expect(text).toContain('Unit started and ended processes as they were needed.')
  expect(toDoOf(text)).toEqual([])
})

test('a Node application is its script', async () => {
  const text = await ofUnit({ config: { listeners, applications: { chat } } })
  expect(await project.given(text)).toEqual({
    bind: ['127.0.0.1:9'],
    wsgi_app: './app.js',
    chdir: '/srv/chat',
    workers: 2,
  })
})

test('listeners that pass to routes count, and routes are told of', async () => {
  const text = await ofUnit({
    listeners: { '*:80': { pass: 'routes', tls: { certificate: 'a' } } },
    routes: [{ action: { pass: 'applications/blog' } }],
    applications: { blog },
  })
  expect(await project.given(text)).toMatchObject({ bind: ['0.0.0.0:80'] })
  expect(toDoOf(text).join('\n')).toMatch(/listeners\/tls: certfile[\s\S]*routes: Routing is for a proxy/)
})

test.each<[string, object, RegExp]>([
  ['ASGI', { ...blog, protocol: 'asgi' }, /ASGI applications are not served/],
  ['another language', { type: 'php', root: '/srv' }, /applications\/type: Only JavaScript/],
  ['isolation', { ...blog, isolation: {} }, /applications\/isolation/],
  ['an option that is none', { ...blog, modul: 'a' }, /applications\/modul: it is not known here/],
])('%s is told of', async (_, application, words) => {
  const text = await ofUnit({ listeners: {}, applications: { one: application } })
  expect(toDoOf(text).join('\n')).toMatch(words)
  await project.given(text)
})

test('of several applications none is guessed', async () => {
  await expect(ofUnit({ listeners, applications: { blog, chat } })).rejects.toMatchObject({
    code: 'TSG_USAGE',
    detail: '  tsgunicorn init --from unit.json --app blog\n  tsgunicorn init --from unit.json --app chat',
  })
  await expect(ofUnit({ listeners, applications: {} })).rejects.toThrow('has no applications')
})
