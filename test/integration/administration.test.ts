/**
 * What the master tells and does over its control socket: one server for many questions. Dialects, bounds and clients
 * have tests of their own.
 */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ConfigFact, RequestFact, StackFact, Status } from '../../src/control/status.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { startLoad } from '../support/load.ts'
import { noPython, startWsgi } from '../support/wsgi.ts'

interface Told<T> {
  readonly code: number
  readonly body: T
}

const ask = <T>(server: Daemon, method: 'GET' | 'POST', path: string): Promise<Told<T>> =>
  new Promise((resolve, reject) => {
    const socketPath = join(server.folder, 'admin.ctl')
    const sent = httpRequest({ socketPath, method, path, headers: { Host: 'localhost' } }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        const isJson = response.headers['content-type']?.includes('json')
        resolve({ code: response.statusCode ?? 0, body: isJson ? JSON.parse(text) : (text as T) })
      })
    })
    sent.on('error', reject)
    sent.end()
  })

const get = async <T>(server: Daemon, path: string): Promise<T> => (await ask<T>(server, 'GET', path)).body
const post = (server: Daemon, path: string) => ask<Record<string, unknown>>(server, 'POST', path)
const status = (server: Daemon): Promise<Status> => get(server, '/status')
const readyPids = ({ workers }: Status, kind = 'worker'): number[] =>
  workers.flatMap((one) => (one.kind === kind && one.state === 'ready' && one.pid !== null ? [one.pid] : []))

const app = `
export default (request, response) => {
  const [, what, ms] = request.url.split('/')
  if (what === 'block') for (const end = Date.now() + Number(ms); Date.now() < end; );
  if (what === 'slow') return setTimeout(() => response.end('hello'), Number(ms))
  response.end('hello')
}
`
const settings = { control_socket: './admin.ctl', workers: 2, graceful_timeout: 10 }
const serve = () => start({ app, config: settings, until: 'serving' })

describe('a server of JavaScript', () => {
  test('tells what it is, what it has in hand, and where a busy worker is', async () => {
    const server = await serve()
    await eventually(async () => (await status(server)).state === 'running')
    const now = await status(server)
    expect(now).toMatchObject({ ready: true, alive: true, target: 2, generation: 1, pid: server.pid })
    expect(readyPids(now)).toHaveLength(2)
    const config = await get<readonly ConfigFact[]>(server, '/config')
    expect(config.find(({ name }) => name === 'workers')).toMatchObject({ value: 2, isDefault: false })
    const slow = server.request('/slow/3500')
    const blocked = server.request('/block/4000')
    const inHand = await eventually(async () => {
      const found = await get<readonly RequestFact[]>(server, '/requests')
      return found.length === 2 && found
    })
    const byPath = new Map(inHand.map((one) => [one.path, one]))
    expect([...byPath.keys()].sort()).toEqual(['/block/4000', '/slow/3500'])
    const pid = byPath.get('/block/4000')?.worker
    const stack = await get<StackFact>(server, `/workers/${pid}/stack`)
    expect(stack.stacks[0]?.text).toMatch(/app\.mjs:4:/)
    expect((await blocked).body).toBe('hello')
    expect((await slow).body).toBe('hello')
    // Who was looked into goes on.
    expect(readyPids(await status(server))).toContain(pid)
    expect(await get<string>(server, '/metrics')).toMatch(/^tsgunicorn_workers_target 2$/m)
    await server.assertClean()
  })

  test('is changed under load without a lost request: scaled, restarted, drained, its heap written', async () => {
    const server = await serve()
    const load = await startLoad(server.target)
    await load.answered()
    expect((await post(server, '/scale?by=1')).body).toMatchObject({ before: 2, target: 3 })
    await eventually(async () => readyPids(await status(server)).length === 3)
    const before = readyPids(await status(server))
    expect((await post(server, '/restart?wait=30')).code).toBe(200)
    const [one = 0, other = 0, ...rest] = readyPids(await status(server))
    expect(rest).toHaveLength(1)
    expect(before).not.toContain(one)
    expect((await post(server, `/workers/${one}/drain`)).code).toBe(200)
    const written = await post(server, `/workers/${other}/profile?what=heap&directory=${server.folder}`)
    const file = String(written.body['file'])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveProperty('snapshot')
    rmSync(file)
    await eventually(async () => {
      const now = await status(server)
      return now.workers.length === 3 && readyPids(now).every((pid) => pid !== one && pid !== other)
    })
    expect((await status(server)).totals.restarts['order']).toBe(5)
    await load.answered()
    const report = await load.stop()
    expect(report.failures).toEqual([])
    await server.assertClean()
  })

  test('says why a reload failed, and what order it refuses', async () => {
    const server = await serve()
    server.write('app.mjs', "throw new Error('not today')")
    const failed = await post(server, '/reload?wait=30')
    expect(failed.code).toBe(409)
    expect(JSON.stringify(failed.body)).toMatch(/not today/)
    const now = await status(server)
    expect(now.lastReload).toMatchObject({ generation: 2, ok: false })
    expect(now).toMatchObject({ generation: 1, ready: true, totals: { reloads: { ok: 0, failed: 1 } } })
    expect((await post(server, '/workers/1/kill')).code).toBe(409)
    expect((await post(server, '/back-out')).code).toBe(409)
    await server.assertClean({ allows: [/not today/, /exited with code 3/, /configuration not reloaded/] })
  })
})

describe.skipIf(noPython)('a server of Python', () => {
  test('tells which worker runs what, what waits for one, and where they are', async () => {
    const source = `
import time
def nap():
    time.sleep(2)
def application(environ, start_response):
    if environ["PATH_INFO"] == "/nap":
        nap()
    start_response("200 OK", [])
    return [b"hello"]
`
    const server = await startWsgi({
      appArgument: 'napping:application',
      files: { 'napping.py': source },
      config: { control_socket: './admin.ctl', workers: 1 },
    })
    const answers = [1, 2].map(() => server.request('/nap'))
    const inHand = await eventually(async () => {
      const found = await get<readonly RequestFact[]>(server, '/requests')
      return found.length === 2 && found
    })
    const now = await status(server)
    const [worker] = readyPids(now)
    const [front] = readyPids(now, 'front')
    expect(inHand).toMatchObject([
      { worker, front, phase: 'running' },
      { worker: null, front, phase: 'waiting' },
    ])
    const stack = await get<StackFact>(server, `/workers/${worker}/stack`)
    expect(stack.stacks.find(({ thread }) => thread === 'MainThread')?.text).toMatch(/in nap/)
    expect((await post(server, `/workers/${worker}/drain`)).body).toMatchObject({})
    expect((await post(server, `/workers/${worker}/drain`)).code).toBe(409)
    for (const answer of answers) expect((await answer).body).toBe('hello')
    await server.assertClean()
  })
})
