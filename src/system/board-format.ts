/**
 * Where things stand in the board (board.ts), and a beat as bytes. Pure: it opens no file and names no number.
 *
 *   0     "TSGB" | version u32 | ... | archive of side 0 at 1024, of side 1 at 2048, 512 bytes each
 *   4096  slots of 512 bytes: a beat of 64 bytes, then 56 numbers, float64 of the machine's own order: 40 counters
 *         that only grow, and 16 of the moment
 *
 * A beat, little-endian (src/python/tsgunicorn_wsgi/board.py writes it, too):
 *   0 beat f64 (ms of the monotonic clock) | 8 requests f64 | 16 rss f64 | 24 connections u32 | 28 pid u32
 *   32 phase u32 | 36 unused | 56 beat again
 *
 * An archive: f64 mark (the index of the slot that was just added to it, plus 1; 0 for none), 56 unused, then numbers
 * as a slot's, of which the last 16 are the master's own counters. Slots and archives never cross a page: a write to one is whole, or was never made.
 */

export const boardVersion = 2
export const headBytes = 4096
export const slotBytes = 512
export const beatBytes = 64
/** Numbers in a slot, and in an archive. */
export const boardNumbers = (slotBytes - beatBytes) / 8
export const numbersBytes = boardNumbers * 8
/** Those before are counters. From here on a slot's are of the moment, and an archive's are the master's own. */
export const boardCounters = 40

export type Side = 0 | 1

export const slotAt = (index: number): number => headBytes + index * slotBytes
export const archiveAt = (side: Side): number => 1024 * (side + 1)
export const otherSide = (side: Side): Side => (side === 0 ? 1 : 0)

/** The first bytes of a board of this version. */
export const boardMagic = (): Buffer => {
  const bytes = Buffer.from('TSGB\0\0\0\0', 'latin1')
  bytes.writeUInt32LE(boardVersion, 4)
  return bytes
}

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

/** Writes a beat's bytes. Counters beyond 32 bits stay at the largest. Pure. */
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
