/**
 * The URL of a request, from its target and Host (RFC 9112, 3.3), written as the URL standard writes it. Usual ones
 * are put together from their parts; only unusual ones are parsed. Never throws: what cannot be a URL gets another.
 */
import type { CoreExchange } from '../core/types.ts'

/** The characters that the URL standard leaves as they are, in path and query alike. */
const plainTarget = /^\/[\w\-.~%!$&()*+,;=:@/?[\]]*$/
/** A dot segment, perhaps: `/.`, also as `/%2e`. */
const dots = /\/(?:\.|%2e)/i
/** A name, whose last label cannot be a number, with any port that cannot be the scheme's own; or the usual addresses. */
const plainHost = /^(?:(?:[a-z\d-]+\.)*[a-z][a-z\d-]*|127\.0\.0\.1)(?::[1-9]\d{3})?$/
/** IDNA labels (`xn--`) are for the URL parser to check. */
const isPlainHost = (host: string): boolean => plainHost.test(host) && !host.includes('--')

/** Most connections, and most workers, see one Host. */
let lastHost = ''
let lastScheme = ''
let lastOrigin = ''

/** `https://example.org/path?query`. */
export const urlOf = (exchange: CoreExchange): string => {
  const { target } = exchange
  if (target.charCodeAt(0) === 0x2f) return join(originOf(exchange), target)
  // RFC 9112, 3.2.2: the target's own authority wins over Host. 3.2.4: `*` is no path.
  if (target === '*') return `${originOf(exchange)}/*`
  if (exchange.method === 'CONNECT')
    return parsed(`${exchange.scheme}://${target}/`) ?? `${originOf(exchange)}/`
  return parsed(schemed(exchange.scheme, target)) ?? `${originOf(exchange)}/`
}

/**
 * The target with the connection's scheme, or the one a trusted proxy named: that a client writes https over a plain
 * connection makes nothing secure (RFC 9110, 7.4), and an application must not be told so.
 */
const schemed = (scheme: string, target: string): string => scheme + target.slice(target.indexOf(':'))

const join = (origin: string, target: string): string =>
  plainTarget.test(target) && !dots.test(target) ? origin + target : (parsed(origin + target) ?? `${origin}/`)

const originOf = (exchange: CoreExchange): string => {
  const host = exchange.headers.get('host') ?? ''
  const { scheme } = exchange
  if (host === lastHost && scheme === lastScheme && lastOrigin !== '') return lastOrigin
  const origin = checkedOrigin(scheme, host)
  if (origin === undefined) return localOrigin(exchange)
  lastHost = host
  lastScheme = scheme
  lastOrigin = origin
  return origin
}

const checkedOrigin = (scheme: string, host: string): string | undefined => {
  if (isPlainHost(host)) return `${scheme}://${host}`
  // Anything of these would be another part of a URL.
  if (host === '' || /[/?#@\\\s]/.test(host)) return undefined
  return parsed(`${scheme}://${host}/`)?.slice(0, -1)
}

/** Without a Host, as HTTP/1.0 allows: our own address. */
const localOrigin = ({ scheme, localAddress, localPort }: CoreExchange): string => {
  if (localAddress === '') return `${scheme}://localhost`
  const host = localAddress.includes(':') ? `[${localAddress.replace(/%.*$/, '')}]` : localAddress
  return parsed(`${scheme}://${host}:${localPort}/`)?.slice(0, -1) ?? `${scheme}://localhost`
}

/** undefined for what is no URL. Credentials are left out: the standard's Request refuses them. */
const parsed = (text: string): string | undefined => {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username === '' && url.password === '') return url.href
  url.username = ''
  url.password = ''
  return url.href
}
