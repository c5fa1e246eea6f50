/**
 * Sends what an application answered: text and bytes in one call, streams piece by piece.
 */
import type { CoreExchange } from '../core/types.ts'
import { type Fields, fieldsOf } from '../h1/fields.ts'
import { takeForeign } from './foreign.ts'
import { flatOf } from './headers.ts'
import { fieldsFor, fieldsForType } from './kept-fields.ts'
import { pump } from './pump.ts'
import { type LightRequest, tiesOf } from './request.ts'
import { isLightResponse, type Sendable, takeSendable } from './response.ts'

/**
 * Throws, or rejects, when the answer cannot be sent (TypeError for what is no Response), or its body fails: the
 * exchange is then the caller's to fail. undefined: all is sent.
 */
export const send = (
  exchange: CoreExchange,
  request: LightRequest,
  answer: unknown,
): Promise<void> | undefined => {
  if (typeof answer === 'object' && answer !== null && isLightResponse(answer))
    return deliver(exchange, request, takeSendable(answer))
  const sendable = takeForeign(answer)
  if (!(sendable instanceof Promise)) return deliver(exchange, request, sendable)
  return sendable.then((late) => deliver(exchange, request, late))
}

const deliver = (
  exchange: CoreExchange,
  request: LightRequest,
  sendable: Sendable,
): Promise<void> | undefined => {
  const { status, statusText, headers, source } = sendable
  if (source === null || typeof source === 'string' || source instanceof Uint8Array) {
    const fields = headers === undefined ? fieldsForType(sendable.type) : fieldsFor(flatOf(headers))
    exchange.respond(status, statusText, fields, source ?? undefined)
    return undefined
  }
  return stream(exchange, request, sendable)
}

const stream = async (exchange: CoreExchange, request: LightRequest, sendable: Sendable): Promise<void> => {
  const { status, statusText, source } = sendable
  if (source === null || typeof source === 'string' || source instanceof Uint8Array) return
  const isBlob = !(source instanceof ReadableStream)
  const stream: ReadableStream<unknown> = isBlob ? source.stream() : source
  const fields = streamedFields(sendable, isBlob ? source.size : undefined)
  if (exchange.method !== 'HEAD')
    return pump(exchange, tiesOf(request), { status, statusText, fields, stream })
  exchange.begin(status, statusText, fields)
  exchange.end()
  await stream.cancel()
}

/** Of a Blob the length is known. */
const streamedFields = ({ headers, type }: Sendable, size: number | undefined): Fields => {
  const flat = headers === undefined ? (type === undefined ? [] : ['content-type', type]) : flatOf(headers)
  if (size === undefined || flat.includes('content-length')) return fieldsFor(flat)
  return fieldsOf([...flat, 'content-length', String(size)])
}
