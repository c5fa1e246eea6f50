/** Writes PROXY headers, as the senders do, for tests; written from the specification, apart from the reader. */
export interface Ends {
  readonly family: 4 | 6
  readonly source: string
  readonly destination: string
  readonly sourcePort: number
  readonly destinationPort: number
}

export const line = ({ family, source, destination, sourcePort, destinationPort }: Ends): Buffer =>
  Buffer.from(`PROXY TCP${family} ${source} ${destination} ${sourcePort} ${destinationPort}\r\n`, 'latin1')

export const signature = Buffer.from([13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10])

/** A header of version 2 with any fields, right or wrong; `length` is what it claims. */
export const binary = ({
  command = 0x21,
  family = 0x11,
  block = Buffer.alloc(0),
  length = block.length,
}: {
  readonly command?: number
  readonly family?: number
  readonly block?: Buffer
  readonly length?: number
}): Buffer => Buffer.concat([signature, Buffer.from([command, family, length >> 8, length & 255]), block])

export const bytesOf = (address: string): Buffer => {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = address.split('::')
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((part) => Number.parseInt(part, 16))
  const [left, right] = [groups(head), groups(tail ?? '')]
  const zeros = tail === undefined ? [] : new Array<number>(8 - left.length - right.length).fill(0)
  return Buffer.from([...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 255]))
}

const port = (value: number): Buffer => Buffer.from([value >> 8, value & 255])

export const blockOf = (ends: Ends, vectors: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([
    bytesOf(ends.source),
    bytesOf(ends.destination),
    port(ends.sourcePort),
    port(ends.destinationPort),
    vectors,
  ])

export const packet = (ends: Ends, vectors?: Buffer): Buffer =>
  binary({ family: ends.family === 4 ? 0x11 : 0x21, block: blockOf(ends, vectors) })

export const vector = (type: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value])

/** Bit by bit, most significant first on reflected data: another way than the reader's. */
export const crc32c = (bytes: Buffer): number => {
  const reflect = (value: number, bits: number) => {
    let out = 0n
    for (let bit = 0; bit < bits; bit += 1)
      if ((BigInt(value) >> BigInt(bit)) & 1n) out |= 1n << BigInt(bits - 1 - bit)
    return Number(out)
  }
  let rest = 0xffffffffn
  for (const byte of bytes) {
    rest ^= BigInt(reflect(byte, 8)) << 24n
    for (let bit = 0; bit < 8; bit += 1)
      rest = (rest & 0x80000000n ? (rest << 1n) ^ 0x1edc6f41n : rest << 1n) & 0xffffffffn
  }
  return (reflect(Number(rest), 32) ^ 0xffffffff) >>> 0
}

/** The same with a right checksum behind its other vectors. */
export const checked = (ends: Ends, vectors: Buffer = Buffer.alloc(0)): Buffer => {
  const whole = packet(ends, Buffer.concat([vectors, vector(3, Buffer.alloc(4))]))
  whole.writeUInt32BE(crc32c(whole), whole.length - 4)
  return whole
}
