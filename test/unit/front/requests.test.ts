/** What a front tells of the requests in its hands. */
import { expect, test } from 'vitest'
import { mostSaid } from '../../../src/ipc/messages.ts'
import { eventually } from '../../support/eventually.ts'
import { connect, get } from '../http/harness.ts'
import { answering, FakeWorker } from './fake-worker.ts'
import { addressOf, serveFront } from './harness.ts'

test("who runs each is told, the longest cut, and what waits is nobody's", async () => {
  const worker = await new FakeWorker(() => undefined).listen()
  const { front, port } = await serveFront([worker])
  const path = `/${'x'.repeat(2000)}`
  const clients = await Promise.all([1, 2, 3].map(() => connect(port)))
  for (const client of clients) client.send(get(path))
  await eventually(() => front.running + front.waiting === 3)
  const said = front.requests(10)
  expect(said).toHaveLength(3)
  expect(said.filter(({ phase }) => phase === 'running')).toMatchObject([
    { worker: addressOf(worker).pid, method: 'GET', client: '127.0.0.1' },
  ])
  expect(said.filter(({ phase }) => phase === 'waiting').map((one) => one.worker)).toEqual([null, null])
  for (const one of said) {
    expect(one.path).toBe(path.slice(0, mostSaid.path))
    expect(one.ageMs).toBeGreaterThanOrEqual(0)
  }
  expect(front.requests(1)).toHaveLength(1)
})

test('nothing is in its hands when all was answered', async () => {
  const worker = await new FakeWorker(answering).listen()
  const { front, url } = await serveFront([worker])
  expect(await (await fetch(url('/'))).text()).toBe('hello')
  await eventually(() => front.running === 0)
  expect(front.requests(10)).toEqual([])
})
