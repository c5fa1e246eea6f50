/**
 * A file as the body of a response: the worker names it by a path and says what it is, the front opens it and sends
 * it. Nothing is sent of what is not the very file that the application opened. Knows no worker.
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { messageOf } from '../errors.ts'
import type { CoreExchange } from '../http/core/types.ts'
import type { Head } from './heads.ts'
import type { Keeper } from './ticket.ts'

/** What FILE says. Offset and size in bytes. */
export interface NamedFile {
  readonly path: string
  readonly offset: number
  readonly size: number
  readonly device: bigint
  readonly inode: bigint
}

/** The body of a FILE frame; undefined when it is not what it has to be. */
export const readNamedFile = (body: string): NamedFile | undefined => {
  const [path = '', ...numbers] = body.split('\n')
  if (!path.startsWith('/') || numbers.length !== 4 || !numbers.every((text) => /^\d{1,20}$/.test(text)))
    return undefined
  const [offset = '', size = '', device = '', inode = ''] = numbers
  const whole = { offset: Number(offset), size: Number(size) }
  if (!Number.isSafeInteger(whole.offset + whole.size)) return undefined
  return { path, ...whole, device: BigInt(device), inode: BigInt(inode) }
}

/**
 * Opens it, or says in words why it cannot be sent. `/proc/PID/fd/N` is a link that has to be followed, so what is
 * behind it is judged by its numbers. O_NONBLOCK: a fifo must not hold us until someone writes to it.
 */
export const openNamedFile = async (file: NamedFile): Promise<FileHandle | string> => {
  try {
    const handle = await open(file.path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (await isTheSame(handle, file)) return handle
    await handle.close()
    return 'it is not the file that the worker has open, or shorter'
  } catch (error) {
    return messageOf(error)
  }
}

const isTheSame = async (handle: FileHandle, file: NamedFile): Promise<boolean> => {
  const stats = await handle.stat({ bigint: true })
  const same = stats.isFile() && stats.dev === file.device && stats.ino === file.inode
  return same && stats.size >= BigInt(file.offset + file.size)
}

/** Bytes that are read at once. */
const pieceSize = 262_144

/** A file on its way to a client: what its ticket is kept by meanwhile. */
export class FileAnswer implements Keeper {
  readonly #exchange: CoreExchange
  readonly #file: NamedFile
  readonly #handle: FileHandle
  #gone = false
  #wake: (() => void) | undefined

  constructor(exchange: CoreExchange, file: NamedFile, handle: FileHandle) {
    this.#exchange = exchange
    this.#file = file
    this.#handle = handle
  }

  resume(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  abort(): void {
    this.#gone = true
    this.resume()
  }

  /** Sends head and file, and closes it. Rejects with what went wrong: then the response is the caller's to cut. */
  async send({ status, reason, fields }: Head): Promise<void> {
    const exchange = this.#exchange
    try {
      const { contentLength } = fields
      const length = contentLength === -1 ? this.#file.size : contentLength
      exchange.begin(status, reason, { ...fields, contentLength: length })
      const bodyless = exchange.method === 'HEAD' || status === 204 || status === 304
      await this.#pour(bodyless ? 0 : Math.min(length, this.#file.size))
      // With fewer bytes than its Content-Length said the core cuts it.
      if (!this.#gone) exchange.end()
    } finally {
      await this.#handle.close()
    }
  }

  async #pour(size: number): Promise<void> {
    for (let sent = 0; sent < size && !this.#gone; ) {
      // Each piece has memory of its own: the socket may hold on to it.
      const buffer = Buffer.allocUnsafeSlow(Math.min(pieceSize, size - sent))
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#file.offset + sent)
      if (bytesRead === 0) throw new RangeError('the file became shorter while it was sent')
      sent += bytesRead
      if (this.#gone || this.#exchange.write(buffer.subarray(0, bytesRead))) continue
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
