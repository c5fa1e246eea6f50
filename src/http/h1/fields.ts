/**
 * Fields of a response, checked and written out once: what a consumer may keep and use again for many responses.
 * Pure; knows the grammar and the framing fields, no socket and no policy.
 */
import { isFieldValue, isToken } from './grammar.ts'

export interface Fields {
  /** `Name: value` CRLF ..., latin1, without the fields that only the server may send. */
  readonly lines: string
  /** -1 when there is no Content-Length. */
  readonly contentLength: number
  /** Whether Connection lists `close`. */
  readonly close: boolean
  readonly date: boolean
  readonly server: boolean
  /** Whether protocols are offered (RFC 9110, 7.8), which Connection then has to name. */
  readonly upgrade: boolean
}

/** RFC 9110, 7.6.1: fields of the connection, which is not the application's. */
const ofTheConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
])

/** Names that were found to be tokens before: applications use few. */
const known = new Set<string>()
const mostKnown = 1000

const checkName = (name: string): void => {
  if (known.has(name)) return
  if (!isToken(name)) throw new TypeError(`a response's header name is not a token: ${JSON.stringify(name)}`)
  if (known.size < mostKnown) known.add(name)
}

const checkValue = (name: string, value: string): void => {
  if (!isFieldValue(value))
    throw new TypeError(
      `the value of the response's header ${name} holds a character that cannot be sent: ${JSON.stringify(value)}`,
    )
}

const lengthOf = (value: string, before: number): number => {
  const length = /^\d{1,15}$/.test(value) ? Number(value) : -1
  if (length === -1)
    throw new TypeError(`the response's Content-Length is not a number: ${JSON.stringify(value)}`)
  if (before !== -1 && before !== length) throw new TypeError("the response's Content-Length is given twice")
  return length
}

/**
 * Reads name, value, name, value ... Throws TypeError for names and values that HTTP does not allow (so that no
 * input of an application can split a response), and for a Content-Length that is not a number.
 */
export const fieldsOf = (flat: readonly string[]): Fields => {
  let lines = ''
  let contentLength = -1
  let close = false
  let date = false
  let server = false
  let upgrade = false
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] ?? ''
    const value = flat[index + 1] ?? ''
    checkName(name)
    checkValue(name, value)
    const lower = name.toLowerCase()
    if (lower === 'content-length') contentLength = lengthOf(value, contentLength)
    else if (ofTheConnection.has(lower))
      close ||= lower === 'connection' && /(^|,)\s*close\s*(,|$)/i.test(value)
    else lines += `${name}: ${value}\r\n`
    if (lower === 'date') date = true
    else if (lower === 'server') server = true
    else if (lower === 'upgrade') upgrade = true
  }
  return { lines, contentLength, close, date, server, upgrade }
}

export const noFields: Fields = fieldsOf([])
