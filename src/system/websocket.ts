/**
 * As much of a WebSocket client (RFC 6455) as Node's inspector needs: text, one way and the other. Node 20 has none.
 * It knows no JSON. Pings, extensions and binary messages do not come from the inspector, and are passed over.
 */
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'

const opcode = { continuation: 0, text: 1, close: 8 } as const

export interface Frame {
  readonly final: boolean
  readonly opcode: number
  readonly payload: Buffer
  /** Bytes of the whole frame. */
  readonly size: number
}

/** RFC 6455, 5.2: the length is 7 bits, or 16 bits after 126, or 64 bits after 127. Clients mask. Pure but the mask. */
export const encodeText = (text: string, mask = randomBytes(4)): Buffer => {
  const payload = Buffer.from(text)
  const long = payload.length > 0xffff
  const extended = payload.length < 126 ? 0 : long ? 8 : 2
  const head = Buffer.alloc(2 + extended)
  head[0] = 0x80 | opcode.text
  head[1] = 0x80 | (extended === 0 ? payload.length : long ? 127 : 126)
  if (extended === 2) head.writeUInt16BE(payload.length, 2)
  if (extended === 8) head.writeBigUInt64BE(BigInt(payload.length), 2)
  const masked = payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0))
  return Buffer.concat([head, mask, masked])
}

/** The first frame of what has arrived, unmasked as servers send; undefined until it is whole. Pure. */
export const decodeFrame = (bytes: Buffer): Frame | undefined => {
  const [first = 0, second = 0] = bytes
  const short = second & 0x7f
  const head = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < head) return undefined
  const length =
    short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (bytes.length < head + length) return undefined
  return {
    final: (first & 0x80) !== 0,
    opcode: first & 0x0f,
    payload: bytes.subarray(head, head + length),
    size: head + length,
  }
}

/** Calls `onText` for each message on an upgraded connection; `head` is what came with the upgrade. */
export const readMessages = (socket: Duplex, head: Buffer, onText: (text: string) => void): void => {
  let pending: Buffer[] = []
  let size = 0
  let parts: Buffer[] = []
  const take = ({ final, opcode: code, payload }: Frame): void => {
    if (code === opcode.close) socket.end()
    if (code !== opcode.text && code !== opcode.continuation) return
    parts.push(payload)
    if (!final) return
    const text = Buffer.concat(parts).toString()
    parts = []
    onText(text)
  }
  const onBytes = (chunk: Buffer): void => {
    pending.push(chunk)
    size += chunk.length
    let bytes = pending.length === 1 ? chunk : Buffer.concat(pending, size)
    for (let frame = decodeFrame(bytes); frame !== undefined; frame = decodeFrame(bytes)) {
      bytes = bytes.subarray(frame.size)
      take(frame)
    }
    pending = [bytes]
    size = bytes.length
  }
  socket.on('data', onBytes)
  if (head.length > 0) onBytes(head)
}
