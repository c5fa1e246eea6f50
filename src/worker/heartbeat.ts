/**
 * The sign of life: written from the event loop that is judged, into a slot of the board, and nothing is sent. The
 * same timer looks at what is true at the moment: memory, the delay of the loop, how quick requests were lately.
 */
import type { Meter } from '../metrics/meter.ts'
import { Trend } from '../metrics/trend.ts'
import type { SlotPhase } from '../system/board-format.ts'
import type { Slot } from '../system/board-slot.ts'
import { monotonicNow } from '../system/clock.ts'

export interface Vitals {
  readonly connections: number
  readonly requests: number
  readonly phase: SlotPhase
}

export interface HeartbeatOptions {
  readonly slot: Slot
  /** Its numbers are looked at, and its gauges set. */
  readonly meter: Pick<Meter, 'numbers' | 'gauges'>
  /** Milliseconds a worker may be silent; 0 for ever. */
  readonly timeout: number
  readonly vitals: () => Vitals
  /** Of a front: requests that wait for a worker, and how long the oldest has. */
  readonly queue: () => { readonly waiting: number; readonly oldestMs: number } | undefined
  /** Told the resident set size, in bytes, at each beat. */
  readonly memory: (rss: number) => void
}

const USUAL_INTERVAL = 1000

/** Beats now, and from now on; the timer does not keep the process alive. */
export function startHeartbeat({ slot, meter, timeout, vitals, queue, memory }: HeartbeatOptions): void {
  const trend = new Trend()
  const interval = timeout > 0 ? Math.min(timeout / 2, USUAL_INTERVAL) : USUAL_INTERVAL
  let due = monotonicNow()
  const beat = () => {
    const now = monotonicNow()
    const { rss, heapUsed } = process.memoryUsage()
    slot.beat({ beat: now, pid: process.pid, rss, ...vitals() })
    trend.note(meter.numbers, now)
    const { waiting = 0, oldestMs = 0 } = queue() ?? {}
    meter.gauges({
      rate: trend.rate,
      p50: trend.quantile(0.5),
      p95: trend.quantile(0.95),
      lag: Math.max(0, now - due) / 1000,
      heap: heapUsed,
      waiting,
      waitingSeconds: oldestMs / 1000,
    })
    due = now + interval
    memory(rss)
  }
  beat()
  setInterval(beat, interval).unref()
}
