/**
 * One raw request, or several on one connection, and what must become of them. Words to write the corpus with;
 * who runs it, and against what, is not this file's business.
 */
import type { HttpPolicy } from '../../src/http/policy.ts'

/** A message that is served. `headers` and `trailers`, when given, are name, value, name, value ... as sent. */
export interface Message {
  readonly method: string
  readonly target: string
  readonly version: string
  /** latin1. */
  readonly body: string
  readonly keepAlive: boolean
  readonly upgrade: boolean
  readonly expectContinue: boolean
  readonly headers?: readonly string[]
  readonly trailers?: readonly string[]
}

/** A refusal, after which the connection is closed. `within` names the head that was in order: the fault is behind it. */
export interface Refused {
  readonly status: number
  readonly within?: { readonly method: string; readonly target: string }
}

export type Outcome = Message | Refused

export interface Entry {
  readonly topic: string
  /** Where it is laid down, as `9112, 3.2`. */
  readonly rfc: string
  readonly name: string
  /** The bytes, latin1. */
  readonly raw: string
  /** What differs from the default policy. */
  readonly policy: Partial<HttpPolicy>
  /** In the order of the wire. After a refusal, or a message without keepAlive, nothing more is served. */
  readonly expected: readonly Outcome[]
  /** The input ends where a message is not complete: the refusal is due at the client's FIN. */
  readonly cut: boolean
}

export type Draft = Omit<Entry, 'topic' | 'rfc'>

export const isRefused = (outcome: Outcome): outcome is Refused => 'status' in outcome

const ordinary: Message = {
  method: 'GET',
  target: '/',
  version: '1.1',
  body: '',
  keepAlive: true,
  upgrade: false,
  expectContinue: false,
}

const draft = (name: string, raw: string, expected: readonly Outcome[]): Draft => ({
  name,
  raw,
  expected,
  policy: {},
  cut: false,
})

/** Messages to be served; each says how it differs from `GET / HTTP/1.1`. One ordinary message when none is given. */
export const serves = (name: string, raw: string, ...messages: readonly Partial<Message>[]): Draft =>
  draft(
    name,
    raw,
    (messages.length === 0 ? [{}] : messages).map((message) => ({ ...ordinary, ...message })),
  )

/** The head itself is refused. */
export const refuses = (status: number, name: string, raw: string): Draft => draft(name, raw, [{ status }])

/** The head is in order, its body is not. */
export const refusesBody = (status: number, name: string, raw: string, method = 'POST'): Draft =>
  draft(name, raw, [{ status, within: { method, target: '/' } }])

/** Messages that are served, then a refusal. */
export const servesThenRefuses = (
  status: number,
  name: string,
  raw: string,
  ...messages: readonly Partial<Message>[]
): Draft => draft(name, raw, [...serves(name, raw, ...messages).expected, { status }])

/** The client ends in the middle of what `of` says. */
export const cutShort = (of: Draft): Draft => ({ ...of, cut: true })

/** All of these with this policy. */
export const under = (policy: Partial<HttpPolicy>, drafts: readonly Draft[]): Draft[] =>
  drafts.map((one) => ({ ...one, policy: { ...policy, ...one.policy } }))

export const topic = (name: string, rfc: string, drafts: readonly Draft[]): Entry[] =>
  drafts.map((one) => ({ topic: name, rfc, ...one }))

/** A head: a request line and field lines, each with its CRLF, and the empty line. */
export const head = (line: string, ...fields: readonly string[]): string =>
  `${[line, ...fields].map((each) => `${each}\r\n`).join('')}\r\n`

/** `GET / HTTP/1.1` with Host and these field lines. */
export const get = (...fields: readonly string[]): string => head('GET / HTTP/1.1', 'Host: a', ...fields)

/** `POST / HTTP/1.1` with Host, these field lines, and then these bytes. */
export const post = (fields: readonly string[], body = ''): string =>
  head('POST / HTTP/1.1', 'Host: a', ...fields) + body

/** A chunked POST; `body` is what is on the wire. */
export const chunked = (body: string, ...fields: readonly string[]): string =>
  post(['Transfer-Encoding: chunked', ...fields], body)

/** A last chunk without trailers. */
export const last = '0\r\n\r\n'

/** For names of entries: a byte as `0x0b`. */
export const hex = (code: number): string => `0x${code.toString(16).padStart(2, '0')}`

export const char = (code: number): string => String.fromCharCode(code)
