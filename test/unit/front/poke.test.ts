/** What waits behind a request that takes long is asked back, and given out again. */
import { expect, test } from 'vitest'
import { answering, FakeWorker } from './fake-worker.ts'
import { serveFront } from './harness.ts'

const poke = 8
const returned = 75

const idsOf = (ids: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * ids.length)
  for (const [at, id] of ids.entries()) bytes.writeUInt32LE(id, 4 * at)
  return bytes
}

test('a channel all of whose requests came back is given requests again', { timeout: 10_000 }, async () => {
  // Starts nothing until it was poked and has given everything back: as a process that got no time.
  let isAwake = false
  const worker = await new FakeWorker((channel, received) => {
    if (received.type === poke) {
      const waiting = worker.data.flatMap(({ requests }) => requests.map(({ id }) => id))
      isAwake = true
      channel.send(returned, { index: received.index, body: idsOf(waiting) })
    } else if (isAwake) answering(channel, received)
  }).listen()
  const { url } = await serveFront([worker])
  const answers = await Promise.all([fetch(url('/1')), fetch(url('/2')), fetch(url('/3'))])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
})
