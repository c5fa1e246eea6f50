/** A worker's place in the board (board.ts): what it writes there. It reads nothing, and knows no other slot. */
import { writeSync } from 'node:fs'
import {
  type Beat,
  beatBytes,
  boardNumbers,
  encodeBeat,
  numbersBytes,
  slotAt,
  slotBytes,
} from './board-format.ts'
import { mapFile } from './map.ts'

export interface Slot {
  /** Some 2 microseconds. Throws what write(2) throws (a full file system). */
  beat(values: Beat): void
  /** 56 numbers, zero at first (metrics/slot.ts); to be changed in place, and written by `write`. */
  readonly numbers: Float64Array
  /** The numbers into the slot, in one system call. Throws as `beat`. */
  write(): void
  /**
   * The place of the numbers in the file itself, mapped into memory, with the present ones in it; undefined where that
   * cannot be had. Takes some 10 ms.
   */
  map(): Float64Array | undefined
}

/** `fd`: the board's descriptor as the worker inherited it; `index`: as it was told in its boot message. */
export const openSlot = (fd: number, index: number): Slot => {
  const bytes = Buffer.alloc(beatBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, beatBytes)
  const numbers = new Float64Array(boardNumbers)
  const numbersView = new Uint8Array(numbers.buffer)
  const at = slotAt(index)
  return {
    beat: (values) => {
      encodeBeat(values, view)
      writeSync(fd, bytes, 0, beatBytes, at)
    },
    numbers,
    write: () => void writeSync(fd, numbersView, 0, numbersBytes, at + beatBytes),
    map: () => {
      // So that its page is there, and what was counted.
      writeSync(fd, numbersView, 0, numbersBytes, at + beatBytes)
      // From the start: offsets are multiples of a page, of which there are several sizes.
      const whole = mapFile(fd, at + slotBytes)
      return whole && new Float64Array(whole, at + beatBytes, boardNumbers)
    },
  }
}
