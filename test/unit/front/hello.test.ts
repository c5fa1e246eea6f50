/** Requests that a worker answers at once, through the core and real sockets. */
import { expect, test } from 'vitest'
import { answering, FakeWorker } from './fake-worker.ts'
import { serveFront } from './harness.ts'

test('a request is answered by the worker, and the next one on the same connection', async () => {
  const worker = await new FakeWorker(answering).listen()
  const { url } = await serveFront([worker])
  for (const path of ['/', '/a?b=c']) {
    const response = await fetch(url(path))
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'text/plain',
      'hello',
    ])
  }
  expect(worker.requests.map(({ environ }) => [environ['PATH_INFO'], environ['QUERY_STRING']])).toEqual([
    ['/', ''],
    ['/a', 'b=c'],
  ])
})

test('a front says once that it can be used', async () => {
  const workers = [await new FakeWorker(answering).listen(), await new FakeWorker(answering).listen()]
  const served = await serveFront(workers, { threads: 3 })
  expect(served.usable).toBe(1)
})
