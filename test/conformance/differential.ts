/** Reads the same bytes with our parser and with llhttp, and says where they part. */
import { isRefused, type Message } from './entry.ts'
import type { Llhttp, LlhttpMessage, LlhttpReading } from './llhttp.ts'
import type { Disagreement } from './llhttp-differences.ts'
import { type Reading, readPieces } from './read.ts'

const same = (ours: Message, theirs: LlhttpMessage): boolean =>
  ours.method === theirs.method &&
  ours.target === theirs.target &&
  ours.version === theirs.version &&
  ours.body === theirs.body &&
  JSON.stringify(ours.headers) === JSON.stringify(theirs.headers) &&
  JSON.stringify(ours.trailers) === JSON.stringify(theirs.trailers)

const disagreement = (raw: string, ours: Reading, theirs: LlhttpReading): Disagreement | undefined => {
  const messages = ours.outcomes.filter((outcome) => !isRefused(outcome)) as Message[]
  const refused = messages.length < ours.outcomes.length
  let common = 0
  for (const [index, message] of messages.entries()) {
    const other = theirs.messages[index]
    if (!other || !same(message, other)) break
    common += 1
  }
  const message = messages[common]
  const found = { raw, ours, theirs, common, message, other: theirs.messages[common] }
  if (message || found.other) return found
  // Behind a message that ends the connection nothing is read by us, and whatever llhttp says of it is no matter.
  const last = messages.at(-1)
  const over = last !== undefined && (!last.keepAlive || last.method === 'CONNECT')
  return over || refused === (theirs.refused !== undefined) ? undefined : found
}

/** Where they part, undefined when they agree: the same messages, and a refusal behind them by both or by none. */
export const compare = async (llhttp: Llhttp, bytes: Buffer): Promise<Disagreement | undefined> => {
  const ours = readPieces([bytes])
  return disagreement(bytes.toString('latin1'), ours, await llhttp.read(bytes))
}
