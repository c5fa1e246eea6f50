/**
 * Judges the text of an address or network, as `10.0.0.0/8`, the way Python's strict `ip_network` does: no bits
 * may be set beyond the prefix. It only judges; who matches addresses against networks is `http/`.
 */

/** What is wrong with `text` as an address or network, in words; `undefined` when nothing is. */
export const faultOfNetwork = (text: string): string | undefined => {
  const slash = text.indexOf('/')
  const bits = bitsOf(slash < 0 ? text : text.slice(0, slash))
  if (bits === undefined) return `'${text}' is not an address`
  if (slash < 0) return undefined
  const prefix = text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits.length)
    return `'${text}' has no prefix from 0 to ${bits.length}`
  return bits.slice(Number(prefix)).includes('1') ? `'${text}' has bits set beyond its prefix` : undefined
}

/** 32 or 128 binary digits; `undefined` for what is no address. */
const bitsOf = (address: string): string | undefined =>
  address.includes(':') ? bitsOf6(address) : bitsOf4(address)

const bitsOf4 = (address: string): string | undefined => {
  const parts = address.split('.')
  const valid =
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  return valid ? parts.map((part) => binary(Number(part), 8)).join('') : undefined
}

/** Judged and made canonical by the URL parser: node:net would cost every start two milliseconds more. */
const bitsOf6 = (address: string): string | undefined => {
  const url = `http://[${address}]/`
  if (!/^[\da-f:.]+$/i.test(address) || !URL.canParse(url)) return undefined
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::')
  if (tail === undefined) return groups(head)
  return groups(head) + '0'.repeat(128 - groups(head).length - groups(tail).length) + groups(tail)
}

const groups = (text: string): string =>
  text === ''
    ? ''
    : text
        .split(':')
        .map((group) => binary(Number.parseInt(group, 16), 16))
        .join('')

const binary = (value: number, digits: number): string => value.toString(2).padStart(digits, '0')
