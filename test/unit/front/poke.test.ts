/** What waits behind a request that takes long is asked back, and given out again. */
import { expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
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
  const worker = new FakeWorker((channel, received) => {
    if (received.type === poke) {
      const waiting = worker.data.flatMap(({ requests }) => requests.map(({ id }) => id))
      isAwake = true
      channel.send(returned, { index: received.index, body: idsOf(waiting) })
    } else if (isAwake) answering(channel, received)
  })
  worker.keepsAll = false
  await worker.listen()
  const { url } = await serveFront([worker])
  const answers = await Promise.all([fetch(url('/1')), fetch(url('/2')), fetch(url('/3'))])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
})

/** Answers POKE when it is told to. */
const reluctant = () => {
  const held: { readonly answer: () => void }[] = []
  const worker = new FakeWorker((channel, received) => {
    if (received.type !== poke) return answering(channel, received)
    const [first, ...others] = worker.data.flatMap(({ requests }) => requests.map(({ id }) => id))
    const body = idsOf(others)
    held.push({ answer: () => channel.send(returned, { index: received.index, body }) })
    // Meanwhile it is done with what it had in hand.
    if (first !== undefined) worker.data[0]?.full(first)
  })
  worker.keepsAll = false
  return { worker, held }
}

test('a channel that was asked gets nothing until it has said what it gives back', async () => {
  const { worker, held } = reluctant()
  const { answer } = worker
  // Nothing is answered before it was asked.
  worker.answer = (channel, received) => {
    if (received.type === poke) answer(channel, received)
  }
  await worker.listen()
  const served = await serveFront([worker], { patienceMs: 200 })
  const asked = ['/1', '/2'].map((path) => fetch(served.url(path)))
  await eventually(() => held.length === 1)
  expect((await asked[0])?.status).toBe(200)
  const late = fetch(served.url('/3'))
  await eventually(() => served.front.waiting === 1)
  expect(worker.requests.map(({ environ }) => environ['RAW_URI'])).toEqual(['/1', '/2'])
  worker.answer = answer
  held[0]?.answer()
  expect((await asked[1])?.status).toBe(200)
  expect((await late).status).toBe(200)
  expect(served.logs.filter(({ level }) => level === 'error')).toEqual([])
})

test('one whose answer never comes, as the control channel ended, is ended, too', async () => {
  const { worker, held } = reluctant()
  worker.answer = (() => {
    const { answer } = worker
    return (channel, received) => {
      if (received.type === poke) answer(channel, received)
    }
  })()
  await worker.listen()
  const served = await serveFront([worker], { patienceMs: 200 })
  const asked = ['/1', '/2'].map((path) => fetch(served.url(path)))
  await eventually(() => held.length === 1)
  expect((await asked[0])?.status).toBe(200)
  worker.answer = answering
  worker.control?.socket.destroy()
  // It may have been at work: nobody knows.
  expect((await asked[1])?.status).toBe(502)
  expect((await fetch(served.url('/3'))).status).toBe(200)
})
