/**
 * Judges the text of an address or network, as `10.0.0.0/8`, the way Python's strict `ip_network` does: no bits
 * may be set beyond the prefix. It only judges; who matches addresses against networks is `http/`.
 */
import { isIP } from 'node:net'

/** What is wrong with `text` as an address or network, in words; `undefined` when nothing is. */
export const faultOfNetwork = (text: string): string | undefined => {
  const slash = text.indexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  const family = isIP(address)
  if (family === 0 || address.includes('%')) return `'${text}' is not an address`
  if (slash < 0) return undefined
  const prefix = text.slice(slash + 1)
  const width = family === 4 ? 32 : 128
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > width) return `'${text}' has no prefix from 0 to ${width}`
  const bits = family === 4 ? bitsOf4(address) : bitsOf6(address)
  return bits.slice(Number(prefix)).includes('1') ? `'${text}' has bits set beyond its prefix` : undefined
}

const bitsOf4 = (address: string): string =>
  address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('')

function bitsOf6(address: string): string {
  const [head = '', tail] = address.split('::')
  const left = groupsOf(head)
  if (tail === undefined) return left
  const right = groupsOf(tail)
  return left + '0'.repeat(128 - left.length - right.length) + right
}

/** The bits of `a:b:c`, whose last group may be dotted. */
function groupsOf(text: string): string {
  if (text === '') return ''
  return text
    .split(':')
    .map((group) =>
      group.includes('.') ? bitsOf4(group) : Number.parseInt(group, 16).toString(2).padStart(16, '0'),
    )
    .join('')
}
