/**
 * The dialects that are messages in turn, as a connection needs them: how bytes become a request, and a request its
 * answer. They write by what they are given and own no socket.
 */
import { isRecord } from '../util/is-record.ts'
import { type Decoder, encodeFrame, encodeLine, FrameDecoder, LineDecoder } from './codec.ts'
import { type Answer, execute, type Session } from './execute.ts'
import type { Feed } from './feed.ts'
import { replyTo } from './gunicornc.ts'
import { Refusal } from './refusal.ts'
import { shapeVersion } from './status.ts'

/** A connection, as a dialect sees it. */
export interface Outlet {
  readonly session: Session
  readonly feed: Feed
  write(bytes: Buffer): void
  /** Begins a stream that has no end but the connection's; false when there is one already. */
  stream(begin: () => () => void): boolean
}

export interface Talk {
  readonly decoder: Decoder
  /** What the client's end stands for: the end of a line. */
  readonly atEnd: Buffer
  /** Answers one request; never rejects. `close`: there is nothing more to say to this client. */
  respond(text: string, outlet: Outlet): Promise<'on' | 'close'>
  /** The last words to a client whose bytes are no requests. */
  lastWords(refusal: Refusal): Buffer
}

const frames = (): Talk => ({
  decoder: new FrameDecoder(),
  atEnd: Buffer.alloc(0),
  respond: async (text, { session, write }) => {
    const reply = await replyTo(session, text)
    if (reply === undefined) return 'close'
    write(encodeFrame(reply))
    return 'on'
  },
  lastWords: ({ message }) => encodeFrame({ id: 0, status: 'error', error: message }),
})

/** Fields in the order in which people read them. */
const said = (id: unknown, answer: Answer): Buffer => {
  const { ok, ...rest } = answer
  return encodeLine({ id, ok, version: shapeVersion, ...rest })
}

const failed = (id: unknown, { code, message }: Refusal): Buffer =>
  said(id, { ok: false, error: { code, message } })

/** Any JSON may be an id; a long one would come back again and again. */
const longestId = 1000

const requestOf = (text: string): { id: unknown; command: string; args: unknown } => {
  let request: unknown
  try {
    request = JSON.parse(text)
  } catch {
    throw new Refusal('usage', 'The line is not JSON.')
  }
  if (!isRecord(request) || typeof request['command'] !== 'string')
    throw new Refusal(
      'usage',
      'A request is {"id": 1, "command": "status", "args": {}}; \'help\' lists commands.',
    )
  const { id = null, command, args } = request
  if ((JSON.stringify(id) ?? '').length > longestId)
    throw new Refusal('usage', `An id may have ${longestId} letters.`)
  return { id, command, args }
}

const tellEvents = async (id: unknown, { feed, write, stream, session }: Outlet, args: unknown) => {
  const answer = await execute(session, 'events', args)
  if (!answer.ok) return write(said(id, answer))
  const head = said(id, answer)
  const begun = stream(() => {
    write(head)
    return feed.subscribe(({ event }) => write(encodeLine({ id, event })))
  })
  if (!begun) write(failed(id, new Refusal('refused', 'This connection is told of events already.')))
}

const lines = (): Talk => ({
  decoder: new LineDecoder(),
  atEnd: Buffer.from('\n'),
  respond: async (text, outlet) => {
    const { session, write } = outlet
    try {
      const { id, command, args } = requestOf(text)
      if (command === 'events') await tellEvents(id, outlet, args)
      else write(said(id, await execute(session, command, args)))
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown
      write(failed(null, thrown))
    }
    return 'on'
  },
  lastWords: (refusal) => failed(null, refusal),
})

const isLetter = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)

/** By a connection's first byte; undefined for what nobody speaks. A frame of 16 MiB or more does not begin with 0. */
export const dialectOf = (first: number | undefined): 'http' | (() => Talk) | undefined => {
  if (first === 0x00) return frames
  if (first === 0x7b) return lines
  return first !== undefined && isLetter(first) ? 'http' : undefined
}
