/**
 * The targets of requests and the values of Host, judged as texts: for an engine whose parser has read them already
 * and was laxer than RFC 9112. Pure.
 */

import { isIPv6 } from './h1/host.ts'

/** A host, and what stands behind its colon; groups: host, port. */
const authority = /^(\[[0-9a-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})+)(?::(\d*))?$/i
/** A URI's authority as its group. User information is none: RFC 9110, 4.2.4. */
const absolute = /^[a-z][a-z0-9+.-]*:\/\/([^/?]+)/i
const highestPort = 65_535

/** The port is '' where there is none; undefined when this is no authority. */
const portOf = (text: string): string | undefined => {
  const match = authority.exec(text)
  if (!match) return undefined
  const [, host = '', port = ''] = match
  if (host.startsWith('[') && !isIPv6(host.slice(1, -1))) return undefined
  return Number(port) <= highestPort ? port : undefined
}

/** Whether `value` may be a Host field's: uri-host and port (RFC 9110, 7.2), or nothing. */
export const isHost = (value: string): boolean => value === '' || portOf(value) !== undefined

/**
 * What is wrong with a target in words for a log, undefined when nothing is. Its bytes are taken as judged: visible
 * and no control bytes. RFC 9112, 3.2.
 */
export const faultOfTarget = (method: string, target: string): string | undefined => {
  if (method === 'CONNECT') return portOf(target) ? undefined : 'CONNECT names no host and port'
  if (target.includes('#')) return 'the target has a fragment'
  if (target.startsWith('/')) return undefined
  if (target === '*') return method === 'OPTIONS' ? undefined : 'the target * is of OPTIONS only'
  const [, named] = absolute.exec(target) ?? []
  if (named === undefined) return 'the target is neither a path nor a URI'
  return isHost(named) ? undefined : "the target's host is malformed"
}
