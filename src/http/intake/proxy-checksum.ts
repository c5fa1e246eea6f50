/**
 * The type-length-value vectors behind the addresses of a PROXY v2 header, as far as they matter: they must fill
 * their place, and a checksum among them must be right (2.2.3). Pure.
 */

const checksumType = 3
/** Type and length. */
const overhead = 3

/** What is wrong with the vectors of `header` (the whole of it), which begin at `from`; undefined when nothing is. */
export const checksumFault = (header: Buffer, from: number): string | undefined => {
  let checksumAt: number | undefined
  let at = from
  while (at + overhead <= header.length) {
    const length = header.readUInt16BE(at + 1)
    if (header[at] === checksumType) {
      if (length !== 4 || checksumAt !== undefined) return 'the PROXY header has no proper checksum'
      checksumAt = at + overhead
    }
    at += overhead + length
  }
  if (at !== header.length) return 'the vectors of the PROXY header do not fill it'
  if (checksumAt === undefined) return undefined
  return checksumOf(header, checksumAt) === header.readUInt32BE(checksumAt)
    ? undefined
    : 'the checksum of the PROXY header is wrong'
}

/** CRC32c (RFC 4960, appendix B) of a header, its own four bytes at `checksumAt` taken as zero. */
export const checksumOf = (header: Buffer, checksumAt: number): number => {
  let crc = 0xffffffff
  for (let index = 0; index < header.length; index += 1) {
    const own = index >= checksumAt && index < checksumAt + 4
    crc = stepped((crc ^ (own ? 0 : (header[index] ?? 0))) & 0xff) ^ (crc >>> 8)
  }
  return (crc ^ 0xffffffff) >>> 0
}

/** The polynomial's remainder of one byte. Headers are short and once a connection: no table is kept. */
const stepped = (byte: number): number => {
  let value = byte
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value
}
