/**
 * Heads of responses, written out: status line, Date, Server, and what is said about the connection. The parts that
 * do not change within a second are kept for every status that was used in it.
 */
import { STATUS_CODES } from 'node:http'
import { answerOptionsOf, errorResponse } from '../answers.ts'
import { type Fields, noFields } from '../h1/fields.ts'
import { isFieldValue } from '../h1/grammar.ts'

export interface HeadsOptions {
  readonly serverHeader: string
  readonly dateHeader: boolean
  readonly keepAliveMs: number
}

/** What becomes of the connection, as the head says it: '1.0' clients must be told that it stays. */
export type Ending = 'keep' | 'close'

const reasonOf = (status: number, statusText: string): string => {
  if (statusText === '') return STATUS_CODES[status] ?? 'Unknown'
  if (!isFieldValue(statusText)) throw new TypeError('the status text holds a character that cannot be sent')
  return statusText
}

export class Heads {
  readonly #options: HeadsOptions
  readonly #kept = new Map<number, string>()
  readonly #keepLines: string
  #date = ''

  constructor(options: HeadsOptions) {
    this.#options = options
    // Clients that know the time do not reuse a connection that is about to end.
    const seconds = Math.max(1, Math.floor(options.keepAliveMs / 1000))
    this.#keepLines = `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`
  }

  /** The wall clock may have moved. */
  refresh(): void {
    this.#kept.clear()
    this.#date = this.#options.dateHeader ? `Date: ${new Date().toUTCString()}\r\n` : ''
  }

  /** The whole head but for what frames the body: it ends where `Content-Length` may follow. */
  write(status: number, statusText: string, fields: Fields, ending: Ending): string {
    const usual = ending === 'keep' && statusText === '' && !fields.date && !fields.server && !fields.upgrade
    if (!usual) return this.#unusual(status, statusText, fields, ending)
    const kept = this.#kept.get(status)
    return (kept === undefined ? this.#keep(status) : kept) + fields.lines
  }

  /** A whole response for what cannot be served, in the form that Accept asks for, if it came so far. */
  refusal(status: number, accept: string | undefined): string {
    return errorResponse(status, answerOptionsOf(this.#options, accept))
  }

  #keep(status: number): string {
    const text = this.#unusual(status, '', noFields, 'keep')
    this.#kept.set(status, text)
    return text
  }

  #unusual(status: number, statusText: string, fields: Fields, ending: Ending): string {
    const { serverHeader } = this.#options
    const date = fields.date ? '' : this.#date
    const server = fields.server || serverHeader === '' ? '' : `Server: ${serverHeader}\r\n`
    const offer = fields.upgrade ? 'Connection: Upgrade\r\n' : ''
    const connection = offer + (ending === 'keep' ? this.#keepLines : 'Connection: close\r\n')
    return `HTTP/1.1 ${status} ${reasonOf(status, statusText)}\r\n${date}${server}${connection}${fields.lines}`
  }
}

/** An interim response (RFC 9110, 15.2): a status line and fields, nothing about the connection. */
export const interim = (status: number, fields: Fields): string =>
  `HTTP/1.1 ${status} ${reasonOf(status, '')}\r\n${fields.lines}\r\n`
