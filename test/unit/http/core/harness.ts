/** The core with a consumer of the test's own, and what the stories about it are told with. */
import { afterEach } from 'vitest'
import { type CoreOptions, createCoreEngine } from '../../../../src/http/core/engine.ts'
import type { BodySink, Consumer, CoreBody, CoreExchange } from '../../../../src/http/core/types.ts'
import type { Engine } from '../../../../src/http/engine.ts'
import type { ExchangeRecord } from '../../../../src/http/exchange.ts'
import { fieldsOf } from '../../../../src/http/h1/fields.ts'
import { defaultPolicy, type HttpPolicy } from '../../../../src/http/policy.ts'
import { bind } from '../harness.ts'

export const plain = fieldsOf(['Content-Type', 'text/plain'])

export const hello: Consumer = (exchange) => exchange.respond(200, '', plain, 'hello')

const engines: Engine[] = []
afterEach(() => {
  for (const engine of engines.splice(0)) engine.destroy()
})

export interface ServedCore {
  readonly engine: Engine
  readonly port: number
  readonly records: ExchangeRecord[]
  readonly errors: { error: unknown; where: string }[]
  readonly refusals: { status: number; reason: string }[]
}

export const serveCore = async (
  consumer: Consumer,
  policy: Partial<HttpPolicy> = {},
  options: Partial<CoreOptions> = {},
): Promise<ServedCore> => {
  const { fd, port } = bind()
  const records: ExchangeRecord[] = []
  const errors: ServedCore['errors'] = []
  const refusals: ServedCore['refusals'] = []
  const engine = createCoreEngine(consumer, {
    policy: { ...defaultPolicy, ...policy },
    onExchange: (record) => records.push(record),
    onError: (error, where) => errors.push({ error, where }),
    onRefused: (status, reason) => refusals.push({ status, reason }),
    ...options,
  })
  engines.push(engine)
  await engine.listen([{ fd }], 128)
  return { engine, port, records, errors, refusals }
}

/** A consumer that answers when it is told to. */
export const waiting = (): { consumer: Consumer; begun: CoreExchange[] } => {
  const begun: CoreExchange[] = []
  return { consumer: (exchange) => void begun.push(exchange), begun }
}

/** All of a body; rejects with what it fails with. */
export const textOf = (body: CoreBody | undefined): Promise<string> =>
  new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const sink: BodySink = {
      data: (chunk) => pieces.push(chunk),
      ended: () => resolve(Buffer.concat(pieces).toString('latin1')),
      failed: reject,
    }
    if (body) body.read(sink)
    else resolve('')
  })

/** Answers with the body it was sent. */
export const echo: Consumer = (exchange) => {
  textOf(exchange.body).then(
    (text) => exchange.respond(200, '', plain, text),
    () => exchange.fail(),
  )
}

export const post = (body: string, more = ''): string =>
  `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`
