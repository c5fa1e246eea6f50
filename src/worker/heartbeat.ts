/**
 * The sign of life: written from the event loop that is judged, into a slot of the board, and nothing is sent. The
 * same timer asks for the memory, as both are looked at about once a second.
 */

import type { SlotPhase } from '../system/board-format.ts'
import { openSlot } from '../system/board-slot.ts'
import { monotonicNow } from '../system/clock.ts'

export interface Vitals {
  readonly connections: number
  readonly requests: number
  readonly phase: SlotPhase
}

export interface HeartbeatOptions {
  /** The board's descriptor. */
  readonly board: number
  readonly slot: number
  /** Milliseconds a worker may be silent; 0 for ever. */
  readonly timeout: number
  readonly vitals: () => Vitals
  /** Told the resident set size, in bytes, at each beat. */
  readonly memory: (rss: number) => void
}

const USUAL_INTERVAL = 1000

/** Beats now, and from now on; the timer does not keep the process alive. */
export function startHeartbeat({ board, slot, timeout, vitals, memory }: HeartbeatOptions): void {
  const place = openSlot(board, slot)
  const beat = () => {
    const rss = process.memoryUsage.rss()
    place.beat({ beat: monotonicNow(), pid: process.pid, rss, ...vitals() })
    memory(rss)
  }
  beat()
  const interval = timeout > 0 ? Math.min(timeout / 2, USUAL_INTERVAL) : USUAL_INTERVAL
  setInterval(beat, interval).unref()
}
