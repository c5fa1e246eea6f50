/**
 * What the body methods of the Fetch standard make of bytes. Pure.
 */

import { Readable } from 'node:stream'

/** Whether anything was read of a stream, or it was cancelled. Node's function knows web streams; its types do not. */
export const isDisturbed = (stream: object): boolean =>
  Readable.isDisturbed(stream as unknown as NodeJS.ReadableStream)

/** UTF-8, without a byte order mark; what is malformed becomes U+FFFD. */
export const textOf = (bytes: Buffer): string =>
  bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
    ? bytes.toString('utf8', 3)
    : bytes.toString('utf8')

/** A buffer of its own. */
export const arrayBufferOf = (bytes: Uint8Array): ArrayBuffer => {
  const { buffer, byteLength } = bytes
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) return buffer
  // A new Uint8Array of a Uint8Array is a copy, and never part of Node's pool.
  return new Uint8Array(bytes).buffer
}

export const bytesOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(arrayBufferOf(bytes))

export const blobOf = (bytes: Uint8Array, type: string | null): Blob =>
  new Blob([bytes as Uint8Array<ArrayBuffer>], { type: (type ?? '').toLowerCase() })

/** What the standard has for a body that was read, or is being read. */
export const usedError = (): TypeError =>
  new TypeError('Body is unusable: it has already been read, or is being read.')
