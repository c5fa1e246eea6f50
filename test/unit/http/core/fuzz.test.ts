/** Any mixture of requests, however they are split and whatever is done with them, is answered whole and in order. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BodySink, Consumer, CoreExchange } from '../../../../src/http/core/types.ts'
import { eventually } from '../../../support/eventually.ts'
import { connect } from '../harness.ts'
import { plain, serveCore } from './harness.ts'

const framings = ['none', 'length', 'chunked'] as const
const readings = ['never', 'before', 'behind', 'paused', 'cancelled'] as const
const delays = ['none', 'microtask', 'immediate', 'timer'] as const
const forms = ['whole', 'bytes', 'stream', 'large'] as const

interface Story {
  readonly framing: (typeof framings)[number]
  readonly size: number
  readonly reading: (typeof readings)[number]
  readonly delay: (typeof delays)[number]
  readonly form: (typeof forms)[number]
}

/** A chunked body that nobody reads may have no end: its connection is closed. */
const isKept = ({ framing, reading }: Story): boolean =>
  framing !== 'chunked' || (reading !== 'never' && reading !== 'cancelled')

const anyStory: fc.Arbitrary<Story> = fc.record({
  framing: fc.constantFrom(...framings),
  size: fc.oneof(fc.nat(10), fc.nat(40_000)),
  reading: fc.constantFrom(...readings),
  delay: fc.constantFrom(...delays),
  form: fc.constantFrom(...forms),
})
const story = anyStory.filter(isKept)

const requestOf = ({ framing, size }: Story, index: number): string => {
  const head = `POST /${index} HTTP/1.1\r\nHost: x\r\n`
  const body = 'b'.repeat(size)
  if (framing === 'none') return `${head}\r\n`
  if (framing === 'length') return `${head}Content-Length: ${size}\r\n\r\n${body}`
  const chunks = body.match(/.{1,7000}/g) ?? []
  const framed = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')
  return `${head}Transfer-Encoding: chunked\r\n\r\n${framed}0\r\nX-Trailer: y\r\n\r\n`
}

const wait = (delay: Story['delay'], then: () => void): void => {
  if (delay === 'none') then()
  else if (delay === 'microtask') queueMicrotask(then)
  else if (delay === 'immediate') setImmediate(then)
  else setTimeout(then, 2)
}

const answer = (exchange: CoreExchange, { form }: Story): void => {
  const text = `<${exchange.target}>`
  if (form === 'whole') exchange.respond(200, '', plain, text)
  else if (form === 'bytes') exchange.respond(200, '', plain, Buffer.from(text))
  else if (form === 'large') exchange.respond(200, '', plain, Buffer.from(text.padEnd(600_000, '.')))
  else {
    exchange.begin(200, '', plain)
    exchange.write(text)
    setImmediate(() => exchange.end())
  }
}

/** Plays a story; tells of a body that did not come as it was sent, and when no more will come of it. */
const play = (
  exchange: CoreExchange,
  told: Story,
  wrong: (words: string) => void,
  over: () => void,
): void => {
  const { body } = exchange
  const respond = () => wait(told.delay, () => answer(exchange, told))
  let bytes = 0
  const sink = (done: () => void): BodySink => ({
    data: (chunk) => {
      bytes += chunk.length
      if (told.reading === 'cancelled') {
        body?.cancel()
        over()
      }
      if (told.reading !== 'paused') return
      body?.pause()
      setImmediate(() => body?.resume())
    },
    ended: () => {
      if (bytes !== told.size) wrong(`${exchange.target}: ${bytes} of ${told.size}`)
      done()
      over()
    },
    failed: (error) => {
      wrong(`${exchange.target}: ${error.message}`)
      over()
    },
  })
  const isFirst = told.reading === 'before' || (told.reading === 'paused' && told.delay !== 'timer')
  if (body && told.reading !== 'never') body.read(sink(isFirst ? respond : () => undefined))
  else over()
  if (!body || !isFirst) respond()
}

test('any requests, any splits, any order of reading and answering', { timeout: 60_000 }, async () => {
  let stories: readonly Story[] = []
  const wrong: string[] = []
  const over = new Set<string>()
  const consumer: Consumer = (exchange) => {
    const told = stories[Number(exchange.target.slice(1))]
    if (!told) return
    const { target } = exchange
    play(
      exchange,
      told,
      (words) => wrong.push(words),
      () => over.add(target),
    )
  }
  const { port, errors, refusals } = await serveCore(consumer, { keepAliveMs: 30_000 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(story, { minLength: 1, maxLength: 12 }),
      fc.array(fc.oneof(fc.nat(60), fc.nat(70_000)), { maxLength: 12 }),
      async (told, splits) => {
        stories = told
        over.clear()
        const client = await connect(port)
        let rest = told.map(requestOf).join('')
        for (const split of splits) {
          client.send(rest.slice(0, split))
          rest = rest.slice(split)
          await new Promise(setImmediate)
        }
        client.send(rest)
        await client.has(`</${told.length - 1}>`)
        // An answer may come before the body was read: who leaves then has cut it short.
        await eventually(() => expect(over.size).toBe(told.length))
        const order = [...client.text.matchAll(/<\/(\d+)>/g)].map(([, number]) => Number(number))
        expect(order).toEqual(told.map((_, index) => index))
        expect([wrong, errors, refusals]).toEqual([[], [], []])
        client.socket.destroy()
      },
    ),
    { numRuns: 120, interruptAfterTimeLimit: 20_000 },
  )
})
