/** Logs and metrics that leave the machine's files: to sockets on a path, as /dev/log and Datadog's agent have them. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { noPython } from '../support/apps.ts'
import { run, start } from '../support/daemon.ts'
import { datagramServer } from '../support/datagrams.ts'
import { eventually } from '../support/eventually.ts'
import { sharedFolder } from '../support/shared-folder.ts'
import { startWsgi } from '../support/wsgi.ts'

describe.skipIf(noPython)('datagrams to a path', () => {
  const daemons = async () => {
    const folder = sharedFolder()
    const [log, statsd] = [join(folder, 'log'), join(folder, 'statsd')]
    const config = {
      syslog: true,
      syslog_addr: `unix://${log}#dgram`,
      statsd_host: `unix://${statsd}`,
      statsd_prefix: 'shop',
      dogstatsd_tags: 'env:test',
    }
    return { config, log: await datagramServer(log), statsd: await datagramServer(statsd) }
  }
  const has = (
    server: { readonly got: readonly { readonly text: string; readonly pid: number }[] },
    pattern: RegExp,
  ) =>
    eventually(() => server.got.find(({ text }) => pattern.test(text)), {
      what: () => `${pattern} among:\n${server.got.map(({ text }) => text).join('\n')}`,
    })

  test('master and workers of Node send logs, access log and metrics', async () => {
    const { config, log, statsd } = await daemons()
    const server = await start({ workers: 1, config: { ...config, accesslog: 'access.log' } })
    const [worker = 0] = server.workerPids()
    const stamp = String.raw`[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d`
    const started = await has(
      log,
      new RegExp(`^<14>${stamp} gunicorn\\.app\\.mjs\\.error: \\[\\d+\\] Starting`),
    )
    expect(started.pid).toBe(server.masterPid())
    expect((await has(log, /\.error: \[\d+\] Booting worker/)).pid).toBe(worker)
    expect((await has(log, /\.access: \[\d+\] .*"GET \/ HTTP\/1\.1" 200/)).pid).toBe(worker)
    expect((await has(statsd, /^shop\.gunicorn\.workers:1\|g\|#env:test$/)).pid).toBe(server.masterPid())
    expect((await has(statsd, /^shop\.gunicorn\.request\.status\.200:1\|c\|@1\.0\|#env:test$/)).pid).toBe(
      worker,
    )
    await server.assertClean({ keeps: ['access.log'] })
    expect((await has(log, /Shutting down: Master/)).text).not.toMatch(/\n$/)
  })

  test('so do workers of Python, and their fronts', async () => {
    const { config, log, statsd } = await daemons()
    const server = await startWsgi({ workers: 1, config })
    await server.request('/raise/before')
    const failed = await has(log, /^<11>.*\.error: \[\d+\] Error handling request/)
    expect(server.workerPids()).not.toContain(server.masterPid())
    expect((await has(log, /^<11>.*RuntimeError: thrown before/)).pid).toBe(failed.pid)
    expect((await has(statsd, /^shop\.gunicorn\.log\.exception:1\|c\|@1\.0\|#env:test$/)).pid).toBe(
      failed.pid,
    )
    await has(statsd, /^shop\.gunicorn\.request\.status\.500:1\|c\|@1\.0\|#env:test$/)
    await server.assertClean({ allows: [/Error handling request/] })
  })
})

/** What npm install --omit=optional leaves out. */
const withoutKoffi = `const Module = require('node:module')
const resolve = Module._resolveFilename
Module._resolveFilename = function (name, ...rest) {
  if (name !== 'koffi') return resolve.call(this, name, ...rest)
  throw Object.assign(new Error("Cannot find module 'koffi'"), { code: 'MODULE_NOT_FOUND' })
}
`

describe('where koffi is not installed', () => {
  const folderWith = () => {
    const folder = sharedFolder()
    mkdirSync(folder, { recursive: true })
    return folder
  }
  const env = { NODE_OPTIONS: '--require ./no-koffi.cjs' }
  const files = { 'no-koffi.cjs': withoutKoffi }

  test.each([
    ['syslog_addr', { syslog: true, syslog_addr: 'unix:///dev/log#dgram' }, 'udp://localhost:514'],
    ['statsd_host', { statsd_host: 'unix:///run/statsd' }, 'localhost:8125'],
  ])(
    '%s to a datagram socket is refused at start, in words that say what to do',
    async (setting, config, instead) => {
      const { code, stderr } = await run({ config, env, files })
      expect(code).toBe(1)
      expect(stderr).toContain(`${setting}: 'unix:///`)
      expect(stderr).toContain("the package 'koffi' is not installed. Install it (npm install koffi)")
      expect(stderr).toContain(instead)
    },
  )

  test('nothing else is amiss: it serves, and tells systemd by its helper', async () => {
    const socket = join(folderWith(), 'notify')
    const manager = noPython ? undefined : await datagramServer(socket)
    const server = await start({
      workers: 1,
      files,
      env: { ...env, ...(manager ? { NOTIFY_SOCKET: socket } : {}) },
    })
    if (manager) await eventually(() => manager.got.some(({ text }) => text.startsWith('READY=1')))
    await server.assertClean({ allows: [/systemd is not notified/] })
  })
})
