/**
 * The server's own answers, for requests that never reach the application. They hold nothing of the request:
 * what a client sent is not repeated to whoever reads the answer.
 */
import { STATUS_CODES } from 'node:http'
import type { HttpPolicy } from './policy.ts'

const sentences: Readonly<Record<number, string>> = {
  400: 'The request could not be understood.',
  403: 'This peer may not be served.',
  408: 'The request did not arrive in time.',
  413: 'The body is too large.',
  414: 'The request line is too long.',
  417: 'The expectation cannot be met.',
  431: 'The header fields are too many or too large.',
  500: 'The application failed to answer.',
  501: 'This is not served here.',
  502: 'The application gave no answer that could be understood.',
  503: 'The server cannot take this request now.',
  504: 'The application did not answer in time.',
  505: 'This version of HTTP is not spoken here.',
}

export interface AnswerOptions {
  /** Answer with problem details (RFC 9457) instead of a page. */
  readonly json?: boolean
  /** The value of `Date`, as the caller keeps it; false sends none, without one it is the time now. */
  readonly date?: string | false
  /** The value of `Server`; '' sends none. */
  readonly server?: string
  /** Whether the connection ends with this answer: by default it does. */
  readonly close?: boolean
}

const reasonOf = (status: number): string => STATUS_CODES[status] ?? 'Error'

/** The small page for an error status, HTML, ASCII only. */
export const errorPage = (status: number): string => {
  const title = `${status} ${reasonOf(status)}`
  const sentence = sentences[status] ?? ''
  return `<!doctype html><html><head><title>${title}</title></head><body><h1>${title}</h1><p>${sentence}</p></body></html>\n`
}

/** The same for programs: problem details, RFC 9457. */
const errorProblem = (status: number): string => {
  const detail = sentences[status]
  return `${JSON.stringify({ title: reasonOf(status), status, ...(detail ? { detail } : {}) })}\n`
}

/** Body and media type of the answer for an error status; ASCII only. */
export const errorBody = (status: number, json = false): { readonly type: string; readonly text: string } =>
  json
    ? { type: 'application/problem+json', text: errorProblem(status) }
    : { type: 'text/html', text: errorPage(status) }

/** A whole HTTP/1.1 response, ASCII. */
export const errorResponse = (
  status: number,
  { json, date, server = '', close = true }: AnswerOptions = {},
): string => {
  const { type, text } = errorBody(status, json)
  let head = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`
  if (server !== '') head += `Server: ${server}\r\n`
  if (date !== false) head += `Date: ${date ?? new Date().toUTCString()}\r\n`
  head += `Content-Type: ${type}\r\nContent-Length: ${text.length}\r\n`
  return `${head}Connection: ${close ? 'close' : 'keep-alive'}\r\n\r\n${text}`
}

/** What the policy and a request's Accept field, as far as it was read, say of an answer. */
export const answerOptionsOf = (
  { serverHeader, dateHeader }: Pick<HttpPolicy, 'serverHeader' | 'dateHeader'>,
  accept: string | undefined,
): AnswerOptions => ({
  json: wantsJson(accept),
  server: serverHeader,
  ...(dateHeader ? {} : { date: false }),
})

const json = /^application\/(?:[\w.-]+\+)?json$/
const html = /^(?:text\/html|application\/xhtml\+xml)$/
/** Longer fields are no browser's and no program's: they get the page. */
const longestAccept = 1000

/**
 * Whether a request's Accept field prefers JSON to HTML (RFC 9110, 12.5.1). Equal weights go by order, and without
 * either of them, as with wildcards only, the answer is no.
 */
export const wantsJson = (accept: string | undefined): boolean => {
  if (accept === undefined || accept.length > longestAccept || !/json/i.test(accept)) return false
  let best: { readonly weight: number; readonly json: boolean } = { weight: 0, json: false }
  for (const range of accept.toLowerCase().split(',')) {
    const [media = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (!json.test(media) && !html.test(media)) continue
    const weight = weightOf(parameters)
    if (weight > best.weight) best = { weight, json: json.test(media) }
  }
  return best.json
}

const weightOf = (parameters: readonly string[]): number => {
  const quality = parameters.find((parameter) => parameter.startsWith('q='))
  if (quality === undefined) return 1
  const weight = Number(quality.slice(2))
  return weight >= 0 && weight <= 1 ? weight : 0
}

/** What node's parser says of an error: a code, and a sentence about it. */
export interface ParseError {
  readonly code?: unknown
  readonly reason?: unknown
}

/** Which status answers an error of node's parser; everything that has no row here is a bad request. */
export const statusOfParseError = ({ code, reason }: ParseError): number =>
  // One code for versions it does not know and for what is no version at all.
  code === 'HPE_INVALID_VERSION' && reason === 'Invalid HTTP version' ? 505 : (statuses[String(code)] ?? 400)

/** What an error of node's parser says, for logs: a fixed sentence of ours or of node's, never a byte of the request. */
export const wordsOfParseError = ({ code, reason }: ParseError): string => {
  const known = words[String(code)]
  if (known !== undefined) return known
  if (typeof reason !== 'string' || reason === '') return String(code)
  return `${reason.charAt(0).toLowerCase()}${reason.slice(1)} (${String(code)})`
}

const words: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'the head is longer than limit_request_head',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'the chunk extensions are longer than node allows',
  HPE_INVALID_EOF_STATE: 'the connection ended within a request',
  HPE_PAUSED_H2_UPGRADE: 'the client speaks HTTP/2',
  ERR_HTTP_REQUEST_TIMEOUT: 'the head did not arrive within header_timeout',
}

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  // The preface of HTTP/2.
  HPE_PAUSED_H2_UPGRADE: 505,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}
