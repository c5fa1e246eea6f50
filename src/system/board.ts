/**
 * The board: one unlinked file, in memory where there is a memory file system, that all processes of an instance
 * share by descriptor. Each worker writes its slot (board-slot.ts), masters read all. It never blocks, nothing queues
 * while the master is busy, it works after the worker's privileges are dropped, and it ends with the last descriptor.
 * Bytes are in board-format.ts; what the numbers mean is metrics/slot.ts's business.
 *
 * Two masters of an upgrade share it: each has a side, uses the slots of its side (index = slot * 2 + side) and writes
 * that side's archive. What is in a slot is added to the archive when its process has ended, so that totals never go
 * backwards, whoever dies. The archive is marked with the slot by the same write that adds it, and the mark goes when
 * the slot is empty: whoever reads in between, or after a master died in between, counts it once.
 *
 * Reads and writes are single calls on one page, without a lock, so a read may see half of a write. The beat decides
 * over life, so it stands at both ends: a slot whose two beats differ is read again, and after some tries the later one
 * is taken. Numbers are read until two reads agree.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasCode, messageOf, ServerError } from '../errors.ts'
import {
  archiveAt,
  type Beat,
  beatBytes,
  boardCounters,
  boardMagic,
  boardNumbers,
  decodeBeat,
  headBytes,
  type Side,
  slotAt,
  slotBytes,
} from './board-format.ts'
import { isAlive } from './processes.ts'

/** Writes to one slot, or one archive, are a long way apart. */
const readTries = 5

export interface BoardOptions {
  /** Setting worker_tmp_dir, else /dev/shm, else the temporary directory. */
  readonly directory?: string | undefined
  /** The board of the master before us, and the side to take. One of another version is left alone. */
  readonly inherited?: InheritedBoard | undefined
  /** Of whoever's process has ended: what was under way never ends. Changes the numbers in place. */
  readonly settle?: (numbers: Float64Array) => void
}

export interface InheritedBoard {
  readonly fd: number
  readonly side: Side
}

export interface Board {
  /** For the stdio of workers, and of a new master. */
  readonly fd: number
  readonly side: Side
  /** The index that a worker in this slot is told: slots of an upgrade's other master lie between. */
  index(slot: number): number
  /** The slot's last beat; all zero and 'empty' when none was written. Any slot number may be used: the file grows. */
  read(slot: number): Beat
  /** The slot's numbers, a copy. */
  numbers(slot: number): Float64Array
  /** Adds the slot's counters to the archive. When its process has ended: it would write again. Repeatable. */
  absorb(slot: number): void
  /** For the next worker of this slot: absorbed, and empty. */
  clear(slot: number): void
  /** Adds to a number of the archive that is the master's own. */
  count(place: number, by?: number): void
  /** All that was ever counted, by both sides, whoever lives: both archives and all slots, number by number. */
  totals(): Float64Array
  close(): void
}

/**
 * Makes the board of an instance, or takes an inherited one over. Throws ServerError TSG_PLATFORM when no file can be
 * made.
 */
export const createBoard = ({ directory, inherited, settle = nothing }: BoardOptions = {}): Board => {
  if (inherited && isBoard(inherited.fd)) return new SharedBoard(inherited.fd, inherited.side, settle)
  const fd = makeFile(directory)
  ftruncateSync(fd, headBytes)
  const magic = boardMagic()
  writeSync(fd, magic, 0, magic.length, 0)
  return new SharedBoard(fd, 0, settle)
}

const nothing = (): void => undefined

class SharedBoard implements Board {
  readonly fd: number
  readonly side: Side
  readonly #settle: (numbers: Float64Array) => void
  readonly #bytes = Buffer.alloc(beatBytes)
  readonly #view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, beatBytes)
  /** Nobody else writes it. */
  readonly #archive: Archive
  /** Indices of our side that processes of a master before us still write to. */
  readonly #occupied: ReadonlySet<number>

  constructor(fd: number, side: Side, settle: (numbers: Float64Array) => void) {
    this.fd = fd
    this.side = side
    this.#settle = settle
    this.#archive = this.#readArchive(side)
    this.#occupied = this.#takeOver()
  }

  index(slot: number): number {
    if (this.#occupied.size === 0) return slot * 2 + this.side
    let index = this.side
    for (let free = -1; ; index += 2) {
      if (!this.#occupied.has(index)) free += 1
      if (free === slot) return index
    }
  }

  read(slot: number): Beat {
    return this.#beatAt(this.index(slot))
  }

  numbers(slot: number): Float64Array {
    return this.#numbersAt(slotAt(this.index(slot)) + beatBytes)
  }

  absorb(slot: number): void {
    this.#absorb(this.index(slot))
  }

  clear(slot: number): void {
    const index = this.index(slot)
    this.#absorb(index)
    writeSync(this.fd, new Uint8Array(beatBytes), 0, beatBytes, slotAt(index))
  }

  count(place: number, by = 1): void {
    this.#archive.numbers[place] = (this.#archive.numbers[place] ?? 0) + by
    this.#writeArchive()
  }

  totals(): Float64Array {
    for (let tries = 1; ; tries++) {
      const archives = [this.#readArchive(0), this.#readArchive(1)] as const
      const sum = this.#sum(archives)
      // The other master may have moved a slot's numbers in between: from where we had looked to where we had not.
      const same = archives.every((archive, side) => isSame(archive, this.#readArchive(side === 0 ? 0 : 1)))
      if (same || tries === readTries) return sum
    }
  }

  close(): void {
    closeSync(this.fd)
  }

  #sum(archives: readonly [Archive, Archive]): Float64Array {
    const sum = new Float64Array(boardNumbers)
    for (const { numbers } of archives) add(sum, numbers, boardNumbers)
    const end = fstatSync(this.fd).size
    for (let index = 0; slotAt(index) < end; index++) {
      if (archives[index % 2 === 0 ? 0 : 1].mark === index + 1) continue
      add(sum, this.#counted(index), boardCounters)
    }
    return sum
  }

  /** What counts of a slot: our own are absorbed when their processes end, of others that is looked for if it matters. */
  #counted(index: number): Float64Array {
    const numbers = this.#numbersAt(slotAt(index) + beatBytes)
    if (index % 2 === this.side && !this.#occupied.has(index)) return numbers
    const settled = numbers.slice()
    this.#settle(settled)
    if (numbers.every((number, at) => number === settled[at])) return numbers
    return isAlive(this.#beatAt(index).pid) ? numbers : settled
  }

  /** Those of our side who have ended are counted for good; those who live keep their places. */
  #takeOver(): ReadonlySet<number> {
    const occupied = new Set<number>()
    const end = fstatSync(this.fd).size
    for (let index: number = this.side; slotAt(index) < end; index += 2) {
      const { pid } = this.#beatAt(index)
      if (pid > 0 && isAlive(pid)) occupied.add(index)
      else this.#absorb(index)
    }
    return occupied
  }

  #absorb(index: number): void {
    const at = slotAt(index) + beatBytes
    const archive = this.#archive
    const numbers = this.#numbersAt(at)
    // Nobody counted, as in every Python worker's.
    if (numbers.every((number) => number === 0)) return
    if (archive.mark !== index + 1) {
      this.#settle(numbers)
      add(archive.numbers, numbers, boardCounters)
      archive.mark = index + 1
      this.#writeArchive()
    }
    writeSync(this.fd, new Uint8Array(slotBytes - beatBytes), 0, slotBytes - beatBytes, at)
    archive.mark = 0
    this.#writeArchive()
  }

  #beatAt(index: number): Beat {
    for (let tries = 1; ; tries++) {
      this.#pull(this.#bytes, slotAt(index))
      const { whole, ...beat } = decodeBeat(this.#view)
      if (whole || tries === readTries) return beat
    }
  }

  #numbersAt(at: number): Float64Array {
    const numbers = new Float64Array(boardNumbers)
    const bytes = Buffer.from(numbers.buffer)
    const before = Buffer.alloc(bytes.length)
    this.#pull(before, at)
    for (let tries = 1; ; tries++) {
      this.#pull(bytes, at)
      if (tries === readTries || bytes.equals(before)) return numbers
      bytes.copy(before)
    }
  }

  /** Beyond the end of the file there are zeros. */
  #pull(into: Buffer, at: number): void {
    const count = readSync(this.fd, into, 0, into.length, at)
    into.fill(0, count)
  }

  #readArchive(side: Side): Archive {
    const head = new Float64Array(1)
    const at = archiveAt(side)
    this.#pull(Buffer.from(head.buffer), at)
    return { mark: head[0] ?? 0, numbers: this.#numbersAt(at + beatBytes) }
  }

  /** Mark and numbers in one call. */
  #writeArchive(): void {
    const whole = new Float64Array(slotBytes / 8)
    whole[0] = this.#archive.mark
    whole.set(this.#archive.numbers, beatBytes / 8)
    writeSync(this.fd, new Uint8Array(whole.buffer), 0, slotBytes, archiveAt(this.side))
  }
}

interface Archive {
  mark: number
  readonly numbers: Float64Array
}

const isSame = (one: Archive, other: Archive): boolean =>
  one.mark === other.mark && one.numbers.every((number, at) => number === other.numbers[at])

/** Adds the first so many. */
const add = (sum: Float64Array, more: Float64Array, count: number): void => {
  for (let at = 0; at < count; at++) sum[at] = (sum[at] ?? 0) + (more[at] ?? 0)
}

/** Whether the descriptor is a board of our version: what an environment says may be of anybody. */
const isBoard = (fd: number): boolean => {
  const expected = boardMagic()
  const found = Buffer.alloc(expected.length)
  try {
    readSync(fd, found, 0, found.length, 0)
  } catch {
    return false
  }
  return found.equals(expected)
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

const makeFile = (directory: string | undefined): number => {
  try {
    return openAnywhere(directory)
  } catch (cause) {
    throw new ServerError(
      'TSG_PLATFORM',
      `worker_tmp_dir: no file for heartbeats can be made in ${directory ?? tmpdir()}: ${messageOf(cause)}. ` +
        'Name a directory that may be written, best on a memory file system.',
      { cause },
    )
  }
}
