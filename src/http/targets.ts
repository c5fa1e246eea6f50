/**
 * The targets of requests and the values of Host, judged as texts: for an engine whose parser has read them already
 * and was laxer than RFC 9112. Pure.
 */

const host = /^(?:\[[0-9a-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})+)(?::\d*)?$/i
const authority = /^(?:\[[0-9a-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})+):\d+$/i
const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/?]/i

/** Whether `value` may be a Host field's: uri-host and port (RFC 9110, 7.2), or nothing. */
export const isHost = (value: string): boolean => value === '' || host.test(value)

/**
 * What is wrong with a target in words for a log, undefined when nothing is. Its bytes are taken as judged: visible
 * and no control bytes. RFC 9112, 3.2.
 */
export const faultOfTarget = (method: string, target: string): string | undefined => {
  if (method === 'CONNECT') return authority.test(target) ? undefined : 'CONNECT names no host and port'
  if (target.includes('#')) return 'the target has a fragment'
  if (target.startsWith('/')) return undefined
  if (target === '*') return method === 'OPTIONS' ? undefined : 'the target * is of OPTIONS only'
  return absolute.test(target) ? undefined : 'the target is neither a path nor a URI'
}
