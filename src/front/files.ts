/**
 * A response whose body is a regular file: the worker names it by a path and says what it is, the front opens it and
 * sends it. Nothing is sent of what is not the very file that the application opened.
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** What FILE says. */
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
  const file = {
    path,
    offset: Number(offset),
    size: Number(size),
    device: BigInt(device),
    inode: BigInt(inode),
  }
  return Number.isSafeInteger(file.offset + file.size) ? file : undefined
}

/**
 * Opens it, or says why it is not sent, in words. `/proc/PID/fd/N` is a link that has to be followed, so that what is
 * behind it is judged by its numbers; O_NONBLOCK keeps a fifo from holding us.
 */
export const openNamedFile = async (file: NamedFile): Promise<FileHandle | string> => {
  try {
    const handle = await open(file.path, constants.O_RDONLY | constants.O_NONBLOCK)
    const { dev, ino, size, isFile } = await statOf(handle)
    if (isFile && dev === file.device && ino === file.inode && size >= BigInt(file.offset + file.size))
      return handle
    await handle.close()
    return 'it is not the file that the worker named'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const statOf = async (handle: FileHandle) => {
  const stats = await handle.stat({ bigint: true })
  return { dev: stats.dev, ino: stats.ino, size: stats.size, isFile: stats.isFile() }
}

/** Bytes that are read at once. */
const pieceSize = 262_144

/** Where the bytes go. */
export interface FileOutlet {
  /** False: it is to be waited for `ready`. */
  write(piece: Buffer): boolean
  /** Settles when more is taken, or nothing ever will be. */
  ready(): Promise<void>
  /** Whether nobody takes anything any more. */
  readonly gone: boolean
}

/** Sends `size` bytes from `offset`, and closes the file. Answers whether all were sent; rejects with read errors. */
export const sendFile = async (
  handle: FileHandle,
  { offset, size }: Pick<NamedFile, 'offset' | 'size'>,
  outlet: FileOutlet,
): Promise<boolean> => {
  try {
    for (let sent = 0; sent < size; ) {
      // Each piece has a buffer of its own: the socket may hold on to it.
      const buffer = Buffer.allocUnsafeSlow(Math.min(pieceSize, size - sent))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset + sent)
      if (bytesRead === 0 || outlet.gone) return false
      sent += bytesRead
      if (!outlet.write(buffer.subarray(0, bytesRead))) await outlet.ready()
      if (outlet.gone) return false
    }
    return true
  } finally {
    await handle.close()
  }
}
