/** Control socket and admin listener of a running server: across reload and upgrade, and when something is wrong. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ControlClient } from '../support/control-client.ts'
import { type Daemon, run, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { builtProgram, freePort } from '../support/machine.ts'

/** Status and body. */
const http = (
  to: { readonly socketPath: string } | { readonly port: number },
  method: string,
  path: string,
  headers: Record<string, string> = {},
) =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', ...to, method, path, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    asked.on('error', reject).end()
  })

const socketOf = async (server: Daemon): Promise<string> => {
  const [, path = ''] = await server.logged(/Control socket listening at (\S+)/)
  return path
}

test('the control socket survives reload and upgrade, and is handed over at promotion', async () => {
  const admin = await freePort()
  const server = await start({
    config: { workers: 2, pidfile: 'server.pid', admin_bind: `127.0.0.1:${admin}`, admin_token: 'secret' },
  })
  const socketPath = await socketOf(server)
  const pidOf = async (path: string) =>
    JSON.parse((await http({ socketPath: path }, 'GET', '/status')).body).pid
  const old = server.masterPid()
  expect(await pidOf(socketPath)).toBe(old)

  const lasting = await ControlClient.connect(socketPath)
  const reload = lasting.send('{"id":1,"command":"reload","args":{"wait":20}}\n')
  expect((await reload.lines())[0]).toMatchObject({ id: 1, ok: true, data: { outcome: { ok: true } } })

  expect(await http({ socketPath }, 'POST', '/upgrade?wait=20')).toMatchObject({ status: 200 })
  const young = await pidOf(`${socketPath}.2`)
  expect(young).not.toBe(old)
  // The new master alone answers here now: the old one may end at any time.
  const asked = await http({ port: admin }, 'GET', '/status', { Authorization: 'Bearer secret' })
  expect(JSON.parse(asked.body).pid).toBe(young)

  expect(await http({ socketPath }, 'POST', '/back-out')).toMatchObject({ status: 200 })
  await eventually(() => !existsSync(`${socketPath}.2`))
  await eventually(async () => (await http({ port: admin }, 'GET', '/readyz')).status === 200)

  expect(await http({ socketPath }, 'POST', '/upgrade?wait=20')).toMatchObject({ status: 200 })
  expect(await http({ socketPath }, 'POST', '/stop')).toMatchObject({ status: 200 })
  await server.logged(/Master has been promoted/)
  await eventually(async () => (await pidOf(socketPath)) !== old)
  expect(existsSync(`${socketPath}.2`)).toBe(false)
  expect((await http({ port: admin }, 'GET', '/livez')).status).toBe(200)
  lasting.close()
  expect(await http({ socketPath }, 'POST', '/stop?quick')).toMatchObject({ status: 200 })
  await server.gone()
  expect(existsSync(dirname(socketPath))).toBe(false)
  expect(server.log()).toMatch(/Order: upgrade \(by pid \d+ \(.+\), user \w+ \(\d+\)\)/)
})

test('an address that is taken ends a start with 1, and fails a reload without harm', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await eventually(() => taken.listening)
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const config = (admin_bind: string) => ({ workers: 1, admin_bind })

  const failed = await run({ config: config(`127.0.0.1:${port}`) }, { within: 30_000 })
  expect({ code: failed.code, said: /admin_bind: Connection in use/.test(failed.stderr) }).toEqual({
    code: 1,
    said: true,
  })

  const free = await freePort()
  const server = await start({ config: config(`127.0.0.1:${free}`) })
  const socketPath = await socketOf(server)
  const workers = server.workerPids()
  server.rewriteConfig(config('nonsense:x'))
  const answer = await http({ socketPath }, 'POST', '/reload?wait=20')
  expect(answer.status).toBe(409)
  expect(JSON.parse(answer.body).error.message).toMatch(/^admin_bind: 'nonsense:x' is not an address/)
  expect(server.workerPids()).toEqual(workers)
  expect((await http({ port: free }, 'GET', '/readyz')).status).toBe(200)
  await server.assertClean({ allows: [/admin_bind|not reloaded/] })
})

test('/readyz is false from the moment TERM arrives, /livez while requests are finished', async () => {
  const admin = await freePort()
  const server = await start({ config: { workers: 1, lame_duck: 1, admin_bind: `127.0.0.1:${admin}` } })
  const status = async (path: string) => (await http({ port: admin }, 'GET', path)).status
  expect([await status('/livez'), await status('/readyz'), await status('/metrics')]).toEqual([200, 200, 403])
  server.signal('SIGTERM')
  await server.logged(/Handling signal: term/)
  expect([await status('/livez'), await status('/readyz')]).toEqual([200, 503])
  await server.exited()
  await server.assertClean()
})

test('--print-config says where the control socket will be', async () => {
  const server = await start({ workers: 1 })
  const socketPath = await socketOf(server)
  const args = [builtProgram, '-b', `127.0.0.1:${server.port}`, '--print-config', 'app.mjs']
  const env = { ...process.env, TMPDIR: server.path('tmp'), XDG_RUNTIME_DIR: '' }
  const { stdout } = spawnSync(process.execPath, args, { cwd: server.folder, env, encoding: 'utf8' })
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(`# control socket: ${socketPath}`)
  await server.assertClean()
})

test('a server whose control socket cannot be made says so once and serves', async () => {
  const server = await start({ workers: 1, args: ['--control-socket', '/dev/null/x.ctl'] })
  await server.logged(/\[INFO\] The control socket is not open, the server runs without it: /)
  expect(await server.get('/')).toBeDefined()
  await server.assertClean()
})
