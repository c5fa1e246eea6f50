/** The generator of `bench:failure`: what it counts, and from when. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openLoad } from '../../bench/open-load.ts'
import { eventually } from '../support/eventually.ts'

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const patience = { within: 30_000 }

const loadOn = async (port: number) => {
  const load = await openLoad({ port, rate: 200, freshEvery: 4, timeout: 20_000 })
  onTestFinished(load.kill)
  return load
}

test('requests are sent when they are due, on new and on kept connections, and all are answered', async () => {
  let [requests, connections] = [0, 0]
  const server = createServer((_request, response) => {
    requests += 1
    response.end('hello')
  }).on('connection', () => {
    connections += 1
  })
  const load = await loadOn(await listening(server))
  await eventually(() => requests >= 200, patience)
  const asked = await load.stop()
  expect(asked).toHaveLength(requests)
  expect(asked.filter(({ kind }) => kind !== undefined)).toEqual([])
  expect(connections).toBeGreaterThanOrEqual(requests / 4)
  expect(connections).toBeLessThan(requests)
  const due = asked.map((each) => each.due).toSorted((a, b) => a - b)
  expect((due.at(-1) ?? 0) - (due[0] ?? 0)).toBeCloseTo((asked.length - 1) * 5)
})

test('whoever is due while the server stands still waits from then on, and not from the next answer', async () => {
  const held: (() => void)[] = []
  let answers = 0
  const server = createServer((_request, response) => {
    const answer = () => {
      answers += 1
      response.end('hello')
    }
    if (answers === 20 && held.length < 60) held.push(answer)
    else answer()
    if (held.length === 60) for (const each of held.splice(0, 60)) each()
  })
  const load = await loadOn(await listening(server))
  await eventually(() => answers > 120, patience)
  const asked = await load.stop()
  // Sixty requests, 5 ms from one to the next, were answered at once: the first of them had waited for the other 59.
  const waited = asked.map(({ latency }) => latency).toSorted((a, b) => b - a)
  expect(waited[0]).toBeGreaterThan(55 * 5)
  expect(waited.filter((latency) => latency > 30 * 5).length).toBeGreaterThanOrEqual(25)
})

test('what fails is told by its kind, and is not asked again', async () => {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    if (requests % 10 === 0) request.socket.destroy()
    else if (requests % 10 === 5) response.writeHead(503).end()
    else response.end('hello')
  })
  const load = await loadOn(await listening(server))
  await eventually(() => requests >= 100, patience)
  const asked = await load.stop()
  expect(asked).toHaveLength(requests)
  const kinds = asked.flatMap(({ kind }) => kind ?? [])
  expect(kinds.filter((kind) => kind === 'status 503')).toHaveLength(Math.floor((requests + 5) / 10))
  expect(kinds.filter((kind) => kind === 'closed' || kind === 'reset')).toHaveLength(
    Math.floor(requests / 10),
  )
})
