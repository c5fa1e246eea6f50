/**
 * The board: one unlinked file, in memory where there is a memory file system, that all processes of an instance
 * share by descriptor. Each worker writes its slot, the master reads all. It never blocks, nothing queues while the
 * master is busy, it works after the worker's privileges are dropped, and it ends with the last descriptor.
 *
 * Slot, 64 bytes, little-endian:
 *   0 beat f64 (ms of the monotonic clock) | 8 requests f64 | 16 rss f64 | 24 connections u32 | 28 pid u32
 *   32 phase u32 | 36 unused | 56 beat again
 *
 * Reads and writes are single calls on one page, without a lock, so a read may see half of a write. Counters may
 * then be of two beats, which harms nobody. The beat decides over life, so it stands at both ends: a slot whose two
 * beats differ is read again, and after some tries the later one is taken.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasCode, messageOf, ServerError } from '../errors.ts'

const slotBytes = 64

/** In the slot stands the index; 'empty' is a slot nobody wrote since it was cleared. */
export const slotPhases = ['empty', 'booting', 'ready', 'retiring'] as const
export type SlotPhase = (typeof slotPhases)[number]

export interface Beat {
  /** Milliseconds of the monotonic clock: `monotonicNow()`. */
  readonly beat: number
  readonly pid: number
  /** Open now. */
  readonly connections: number
  /** Since the worker's start. */
  readonly requests: number
  /** Bytes. */
  readonly rss: number
  readonly phase: SlotPhase
}

/** Writes a slot's bytes. Counters beyond 32 bits stay at the largest. Pure. */
export const encodeBeat = (values: Beat, into: DataView): void => {
  into.setFloat64(0, values.beat, true)
  into.setFloat64(8, values.requests, true)
  into.setFloat64(16, values.rss, true)
  into.setUint32(24, Math.min(values.connections, 0xffffffff), true)
  into.setUint32(28, values.pid, true)
  into.setUint32(32, slotPhases.indexOf(values.phase), true)
  into.setFloat64(56, values.beat, true)
}

/** `whole`: both beats agree, the bytes are of one write. Pure. */
export const decodeBeat = (from: DataView): Beat & { readonly whole: boolean } => {
  const [first, last] = [from.getFloat64(0, true), from.getFloat64(56, true)]
  return {
    beat: Math.max(first, last),
    requests: from.getFloat64(8, true),
    rss: from.getFloat64(16, true),
    connections: from.getUint32(24, true),
    pid: from.getUint32(28, true),
    phase: slotPhases[from.getUint32(32, true)] ?? 'empty',
    whole: first === last,
  }
}

/** Tries until a read is whole: two writes of one slot are a long way apart. */
const readTries = 3

export interface Board {
  /** For the stdio of workers. */
  readonly fd: number
  /** The slot's last beat; all zero and 'empty' when none was written. Any slot number may be used: the file grows. */
  read(slot: number): Beat
  /** For the next worker of this slot. After the end of the one before: it would write again. */
  clear(slot: number): void
  close(): void
}

const readSlot = (fd: number, bytes: Buffer, view: DataView, slot: number): Beat => {
  for (let tries = 1; ; tries++) {
    // Beyond the end of the file nothing is read.
    bytes.fill(0)
    readSync(fd, bytes, 0, slotBytes, slot * slotBytes)
    const { whole, ...beat } = decodeBeat(view)
    if (whole || tries === readTries) return beat
  }
}

const openUnlinked = (directory: string): number => {
  const path = join(directory, `tsgunicorn-board-${process.pid}-${Date.now().toString(36)}`)
  const fd = openSync(path, 'wx+', 0o600)
  unlinkSync(path)
  return fd
}

/** /dev/shm may be missing (macOS) or closed to us (hardened containers). */
const openAnywhere = (directory: string | undefined): number => {
  if (directory !== undefined) return openUnlinked(directory)
  try {
    return openUnlinked('/dev/shm')
  } catch (thrown) {
    if (!hasCode(thrown, 'ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTDIR')) throw thrown
    return openUnlinked(tmpdir())
  }
}

/**
 * Makes the board of an instance. `directory`: setting worker_tmp_dir, else /dev/shm, else the temporary directory.
 * Throws ServerError TSG_PLATFORM when no file can be made.
 */
export const createBoard = (directory?: string): Board => {
  let fd: number
  try {
    fd = openAnywhere(directory)
  } catch (cause) {
    throw new ServerError(
      'TSG_PLATFORM',
      `worker_tmp_dir: no file for heartbeats can be made in ${directory ?? tmpdir()}: ${messageOf(cause)}. ` +
        'Name a directory that may be written, best on a memory file system.',
      { cause },
    )
  }
  const bytes = Buffer.alloc(slotBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, slotBytes)
  const zeros = Buffer.alloc(slotBytes)
  return {
    fd,
    read: (slot) => readSlot(fd, bytes, view, slot),
    clear: (slot) => void writeSync(fd, zeros, 0, slotBytes, slot * slotBytes),
    close: () => closeSync(fd),
  }
}

export interface Slot {
  /** Some 2 microseconds. Throws what write(2) throws (a full file system). */
  beat(values: Beat): void
}

/** A worker's place. `fd`: the board's descriptor as the worker inherited it. */
export const openSlot = (fd: number, index: number): Slot => {
  const bytes = Buffer.alloc(slotBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, slotBytes)
  return {
    beat: (values) => {
      encodeBeat(values, view)
      writeSync(fd, bytes, 0, slotBytes, index * slotBytes)
    },
  }
}
