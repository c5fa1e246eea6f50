/**
 * Who the client is, behind proxies: judged from the peer's address and the request's raw headers.
 *
 * Pure but for the peer, which it is told. Nobody's word is taken but a trusted peer's: then the list of hops is
 * read from the right, the end that the nearest proxy wrote, and the first address that is not itself trusted is
 * the client. What stands left of it was written by the client and may say anything.
 */
import { BlockList, isIP, SocketAddress } from 'node:net'
import { hasCode, ServerError } from '../errors.ts'

export interface Trust {
  /** Whether this peer's word is taken. An empty address is a unix socket's peer: trusted. */
  readonly trusts: (address: string) => boolean
}

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

const invalid = (setting: string, entry: string): ServerError =>
  new ServerError(
    'TSG_SETTING_INVALID',
    `${setting}: '${entry}' is not an address. Use an IP address, a block as 10.0.0.0/8, or *.`,
  )

const addBlock = (list: BlockList, setting: string, entry: string): void => {
  const [address = '', bits, ...rest] = entry.split('/')
  // Told by the colon: node's isIP takes milliseconds for its first IPv6 address, and addSubnet judges it anyway.
  const isSix = address.includes(':')
  const longest = isSix ? 128 : 32
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits ?? '0') || Number(bits ?? 0) > longest)
    throw invalid(setting, entry)
  try {
    list.addSubnet(address, Number(bits ?? longest), isSix ? 'ipv6' : 'ipv4')
  } catch (cause) {
    throw hasCode(cause, 'ERR_INVALID_ADDRESS') ? invalid(setting, entry) : cause
  }
}

/** Reads the peers of this setting; throws ServerError for what is neither an address, a block nor `*`. */
export const compileTrust = (entries: readonly string[], setting = 'forwarded_allow_ips'): Trust => {
  if (entries.includes('*')) return { trusts: () => true }
  const list = new BlockList()
  for (const entry of entries) addBlock(list, setting, entry)
  return {
    trusts: (address) => {
      if (address === '') return true
      const plain = plainAddress(address)
      return isIP(plain) !== 0 && list.check(plain, family(plain))
    },
  }
}

/** An IPv4 address in IPv6's clothes (`::ffff:192.0.2.1`, from a dual-stack socket) without them. */
export const plainAddress = (address: string): string =>
  address.length > 7 && address.startsWith('::ffff:') && isIP(address.slice(7)) === 4
    ? address.slice(7)
    : address

/**
 * The one spelling (RFC 5952) of a valid address without a zone; what is mapped from IPv4 becomes IPv4. Throws
 * node's ERR_INVALID_ADDRESS for anything else with a colon in it.
 */
export const canonicalAddress = (address: string): string =>
  address.includes(':') ? plainAddress(new SocketAddress({ address, family: 'ipv6' }).address) : address

/** All values of a header, in order of arrival; `lowerCaseName` is compared without regard to case. */
export const valuesOf = (rawHeaders: readonly string[], lowerCaseName: string): string[] => {
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName)
      values.push(rawHeaders[index + 1] ?? '')
  }
  return values
}

/** RFC 7239, 6: a number, or a name that hides it. */
const nodePort = /:(?:\d{1,5}|_[\w.-]+)$/

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80` -> the address; anything else: undefined. */
export const nodeAddress = (text: string): string | undefined => {
  // A zone means something on one machine only, and lets anything be written behind the address.
  if (text.includes('%')) return undefined
  if (text.startsWith('[')) {
    const inner = text.replace(nodePort, '').slice(1, -1)
    return isIP(inner) === 6 && /\](?::|$)/.test(text) ? canonicalAddress(inner) : undefined
  }
  const address = isIP(text) === 0 ? text.replace(nodePort, '') : text
  return isIP(address) === 0 ? undefined : canonicalAddress(address)
}

/** The hops of X-Forwarded-For, the farthest first; undefined where an element is not an address. */
export const hopsOfForwardedFor = (values: readonly string[]): (string | undefined)[] =>
  values.flatMap((value) => value.split(',')).map((element) => nodeAddress(element.trim()))

/** RFC 7239, 4: a value is a token or a quoted string. */
const pair = /^\s*([!#$%&'*+.^_`|~\w-]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)\s*$/

/**
 * The hops of Forwarded, the farthest first; an element without a usable `for` is undefined. Empty elements and
 * empty pairs are allowed (RFC 9110, 5.6.1; RFC 7239, 4) and mean nothing.
 */
export const hopsOfForwarded = (values: readonly string[]): (string | undefined)[] =>
  values
    .flatMap((value) => splitUnquoted(value, ','))
    .map((element) => splitUnquoted(element, ';').filter((part) => part.trim() !== ''))
    .filter((parts) => parts.length > 0)
    .map(hopOf)

const hopOf = (parts: readonly string[]): string | undefined => {
  const pairs = parts.map((part) => pair.exec(part))
  const named = pairs.filter((found) => found?.[1]?.toLowerCase() === 'for')
  // Malformed, or named twice (which is forbidden): the element says nothing that counts.
  if (named.length !== 1 || pairs.includes(null)) return undefined
  return nodeAddress(unquote(named[0]?.[2] ?? ''))
}

/**
 * Splits at `mark` outside of quotes, judged from the right: the right end is what a trusted proxy wrote. From the
 * left, one quote that a client never closes would swallow the word of the proxy that appends to it.
 */
const splitUnquoted = (text: string, mark: ',' | ';'): string[] => {
  const parts: string[] = []
  let end = text.length
  let quoted = false
  for (let index = end - 1; index >= 0; index -= 1) {
    const char = text[index]
    if (char === '"' && !isEscaped(text, index)) quoted = !quoted
    if (char !== mark || quoted) continue
    parts.push(text.slice(index + 1, end))
    end = index
  }
  parts.push(text.slice(0, end))
  return parts.reverse()
}

const isEscaped = (text: string, index: number): boolean => {
  let before = index
  while (text[before - 1] === '\\') before -= 1
  return (index - before) % 2 === 1
}

const unquote = (text: string): string =>
  text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text

/**
 * The client's address: the peer's own unless it is trusted. X-Forwarded-For is preferred to Forwarded where both
 * are there: proxies that write only the first pass on whatever a client wrote in the second.
 */
export const clientAddress = (peer: string, rawHeaders: readonly string[], trust: Trust): string =>
  trust.trusts(peer) ? forwardedClient(peer, rawHeaders, trust) : plainAddress(peer)

/** The same for a peer that is known to be trusted. */
export const forwardedClient = (peer: string, rawHeaders: readonly string[], trust: Trust): string => {
  const listed = valuesOf(rawHeaders, 'x-forwarded-for')
  const hops =
    listed.length > 0 ? hopsOfForwardedFor(listed) : hopsOfForwarded(valuesOf(rawHeaders, 'forwarded'))
  let client = plainAddress(peer)
  for (const hop of hops.reverse()) {
    if (hop === undefined) return client
    client = hop
    if (!trust.trusts(hop)) return client
  }
  return client
}

/** The headers of `secure_scheme_headers`, ready to be looked for. */
export interface SecureHeaders {
  /** Lower-case name -> the value that means https. */
  readonly values: ReadonlyMap<string, string>
  /** 1 at every length that one of the names has: most headers are dismissed by this one look. */
  readonly lengths: Uint8Array
}

export const compileSecureHeaders = (table: Readonly<Record<string, string>>): SecureHeaders => {
  const values = new Map(Object.entries(table).map(([name, value]) => [name.toLowerCase(), value]))
  const lengths = new Uint8Array(256)
  for (const name of values.keys()) lengths[name.length] = 1
  return { values, lengths }
}

/**
 * The scheme a trusted peer names by `secure_scheme_headers`; undefined when it names none.
 * Headers that disagree are the caller's to refuse: 'contradictory'.
 */
export const schemeOf = (
  rawHeaders: readonly string[],
  secure: SecureHeaders,
): 'http' | 'https' | 'contradictory' | undefined => {
  let scheme: 'http' | 'https' | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (secure.lengths[name.length] !== 1) continue
    const wanted = secure.values.get(name.toLowerCase())
    if (wanted === undefined) continue
    const said = rawHeaders[index + 1] === wanted ? 'https' : 'http'
    if (scheme !== undefined && scheme !== said) return 'contradictory'
    scheme = said
  }
  return scheme
}
