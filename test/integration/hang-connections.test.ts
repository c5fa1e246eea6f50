/** Clients of a worker that hangs, to whom it owes nothing: what they send meanwhile is answered by others. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { appOf, fetchAppOf } from '../support/apps.ts'
import { client as tsgunicornc } from '../support/client.ts'
import { type Daemon, type StartOptions, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { repository } from '../support/machine.ts'
import { RawClient, requestText } from '../support/raw-client.ts'

/** The same application behind express. */
const expressApp = `${appOf().replace('export default function app', 'function app')}
import express from 'express'
export default express().use(app)
`

const tcp: Partial<StartOptions> = {}
const unix: Partial<StartOptions> = { bind: ['127.0.0.1:PORT', 'unix:server.sock'] }
const kinds: readonly (readonly [string, string, Partial<StartOptions>])[] = [
  ['a fetch application, TCP', fetchAppOf(), tcp],
  ['a fetch application, unix', fetchAppOf(), unix],
  ['an application of node:http, TCP', appOf(), tcp],
  ['an application of node:http, unix', appOf(), unix],
  ['an application of express, TCP', expressApp, tcp],
]

/** What a worker that hangs leads to; anything else in the log is a fault. */
const allows = [/WORKER TIMEOUT/, /was blocked here/, /SIGABRT/, /^ +at /]

const ask = requestText('/pid', { headers: { Connection: 'keep-alive' } })
const hang = requestText('/hang', { headers: { Connection: 'keep-alive' } })

const started = async (app: string, options: Partial<StartOptions>) => {
  const server = await start({
    app,
    args: ['--timeout', '1'],
    links: { node_modules: join(repository, 'node_modules') },
    ...options,
  })
  await server.allReady()
  const target = options.bind ? { path: server.path('server.sock') } : server.target
  return { server, connect: () => RawClient.connect(target) }
}

/** Asks, and says who answers. */
const asked = async (client: RawClient): Promise<number> => {
  client.send(ask)
  const { status, body } = await client.answer()
  if (status !== 200) throw new Error(`${status}: ${body}`)
  return Number(body)
}

const many = <T>(count: number, make: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, make))

const handed = (pid: number, count: number): RegExp =>
  new RegExp(`\\[INFO\\] Worker \\(pid:${pid}\\) was blocked; ${count} of its idle connections were handed`)

/** How many requests for `/hang` the application has seen. */
const hangs = (server: Daemon): number => server.stdout().split('seen /hang').length - 1

describe.each(kinds)('%s', (_, app, options) => {
  test('of two workers the other one answers whoever was idle; the request that hangs alone fails', async () => {
    const { server, connect } = await started(app, { workers: 2, ...options })
    const clients = await many(20, connect)
    const owners = await Promise.all(clients.map(asked))
    const silent = await many(4, connect)
    const hanging = await connect()
    hanging.send(hang)
    await eventually(() => hangs(server) === 1)
    // Nobody who hangs answers; the other one's clients have their answers at once.
    const answers = Promise.all([...clients, ...silent].map(asked))
    const pid = Number((await server.logged(/WORKER TIMEOUT \(pid:(\d+)\)/))[1])
    expect(await answers).not.toContain(pid)
    const { length: mine } = owners.filter((owner) => owner === pid)
    const line = await server.logged(new RegExp(`pid:${pid}\\) was blocked; (\\d+) of its idle`))
    expect(Number(line[1])).toBeGreaterThanOrEqual(mine)
    await expect(hanging.answer()).rejects.toThrow()
    await server.hasWorkers(2, { not: [pid] })
    await server.assertClean({ allows })
  })

  test('of one worker its successor does, and when that hangs the next; nothing stays open in the master', async () => {
    const { server, connect } = await started(app, { workers: 1, ...options })
    const half = await connect()
    half.send(ask.slice(0, 30))
    const clients = await many(10, connect)
    // Each answer is a turn of the worker's loop: it has read what came before.
    for (let turn = 0; turn < 3; turn += 1) await Promise.all(clients.map(asked))
    const before = server.descriptors(server.masterPid())
    let [pid = 0] = server.workerPids()
    for (const [round, rest] of [clients.slice(1), clients.slice(2)].entries()) {
      const hanging = clients[round]
      hanging?.send(hang)
      await eventually(() => hangs(server) === round + 1)
      const answers = await Promise.all(rest.map(asked))
      expect(new Set(answers).size).toBe(1)
      expect(answers).not.toContain(pid)
      // What was begun with a worker ends with it.
      await server.logged(handed(pid, rest.length))
      await expect(hanging?.answer()).rejects.toThrow()
      pid = answers[0] ?? 0
      await server.hasWorkers(1)
    }
    await expect(half.answer()).rejects.toThrow()
    await eventually(() => server.descriptors(server.masterPid()) <= before, {
      what: () => `${before} descriptors in the master, not ${server.descriptors(server.masterPid())}`,
    })
    await server.assertClean({ allows })
  })
})

test('a client that is heard in the midst of a burst of hangs is answered once for each request', async () => {
  const { server, connect } = await started(appOf(), { workers: 3 })
  const clients = await many(12, connect)
  await Promise.all(clients.map(asked))
  const hanging = await many(2, connect)
  for (const client of hanging) client.send(hang)
  await Promise.all(clients.map(asked))
  for (const client of clients) expect(client.pending.length).toBe(0)
  for (const client of hanging) await expect(client.answer()).rejects.toThrow()
  await server.hasWorkers(3)
  await server.assertClean({ allows })
})

test('without koffi nothing is taken: connections end with their worker, and the debug log says so', async () => {
  const withoutKoffi = `const Module = require('node:module')
const resolve = Module._resolveFilename
Module._resolveFilename = function (name, ...rest) {
  if (name !== 'koffi') return resolve.call(this, name, ...rest)
  throw Object.assign(new Error("Cannot find module 'koffi'"), { code: 'MODULE_NOT_FOUND' })
}
`
  const { server, connect } = await started(appOf(), {
    workers: 1,
    env: { NODE_OPTIONS: '--require ./no-koffi.cjs' },
    files: { 'no-koffi.cjs': withoutKoffi },
    args: ['--timeout', '1', '--log-level', 'debug'],
  })
  const clients = await many(3, connect)
  const [pid] = await Promise.all(clients.map(asked))
  clients[0]?.send(hang)
  await eventually(() => hangs(server) === 1)
  for (const client of clients.slice(1)) await expect(asked(client)).rejects.toThrow()
  await server.logged(
    new RegExp(
      `\\[DEBUG\\] 2 idle connections of worker \\(pid:${pid}\\) end with it: the package 'koffi' is not installed`,
    ),
  )
  await server.assertClean({ allows })
})

test('who only looks at the stack of a worker takes no connection of it', async () => {
  const { server, connect } = await started(appOf(), {
    workers: 1,
    env: { XDG_RUNTIME_DIR: '' },
    args: ['--pid', 'server.pid'],
  })
  const [pid] = server.workerPids()
  const client = await connect()
  expect(await asked(client)).toBe(pid)
  const env = { TMPDIR: server.path('tmp'), XDG_RUNTIME_DIR: server.path('tmp') }
  const stack = () => tsgunicornc(['-p', 'server.pid', 'stack', String(pid)], { cwd: server.folder, env })
  // The control socket is there a moment after the first worker.
  await eventually(async () => (await stack()).code === 0)
  expect(await asked(client)).toBe(pid)
  await server.assertClean()
})
