/**
 * Counts exchanges in the process that serves them, for whichever engine: in memory, and into the process's slot of the
 * board by the end of the event loop's turn in which something changed, in one system call, so that a kill -9 a turn
 * later loses nothing. That call costs more than all the rest: a process that has made it often enough maps its slot
 * into memory, if the system lets it, and counts there. It knows no HTTP but statuses.
 */
import type { Slot } from '../system/board-slot.ts'
import type { Gauges } from './reading.ts'
import { durationBounds, firstBucket, gaugePlaceOf, placeOf } from './slot.ts'

const begun = placeOf('begun')
const finished = placeOf('finished')
const status1 = placeOf('status1')
const lost = placeOf('lost')
const refused = placeOf('refused')
const sent = placeOf('sent')
const seconds = placeOf('seconds')
const accepted = placeOf('accepted')

const boundsMs = durationBounds.map((bound) => bound * 1000)

/** Nearly everything is in one of the first buckets: a search from the left is the quickest. */
const bucketOf = (milliseconds: number): number => {
  let at = 0
  while (at < boundsMs.length && milliseconds > (boundsMs[at] ?? 0)) at += 1
  return at
}

/** Statuses beyond 599, which no RFC knows, are the server's side's. */
const placeOfStatus = (status: number): number =>
  status < 100 ? lost : status1 + Math.min(5, Math.floor(status / 100)) - 1

/** Turns with news after which a mapping is worth its 10 ms and 3 MB. */
const oftenEnough = 5000

export type CountingSlot = Pick<Slot, 'numbers' | 'write' | 'map'>

export class Meter {
  readonly #slot: CountingSlot
  #numbers: Float64Array
  readonly #onTrouble: (error: unknown) => void
  /** 'mapped': what is counted is in the board at once. */
  #phase: 'idle' | 'changed' | 'mapped' = 'idle'
  #turns = 0
  #board: 'well' | 'failing' = 'well'
  readonly #endOfTurn = (): void => this.flush()

  /** `onTrouble` is told once of each time from which on the board takes nothing. */
  constructor(slot: CountingSlot, onTrouble: (error: unknown) => void) {
    this.#slot = slot
    this.#numbers = slot.numbers
    this.#onTrouble = onTrouble
    // An application may call process.exit itself, in the middle of a turn.
    process.on('exit', this.#endOfTurn)
  }

  /** A request is given to the application. */
  begun(): void {
    this.#add(begun, 1)
  }

  /** One that had begun is over. `status` is 0 when none was sent. */
  over(status: number, bodyBytes: number, milliseconds: number): void {
    this.#add(finished, 1)
    this.#add(placeOfStatus(status), 1)
    this.#add(sent, bodyBytes)
    this.#add(seconds, milliseconds / 1000)
    this.#add(firstBucket + bucketOf(milliseconds), 1)
  }

  /** The application never saw it. */
  refused(): void {
    this.#add(refused, 1)
  }

  /** A connection. */
  accepted(): void {
    this.#add(accepted, 1)
  }

  /** What is true now; written with the counters by the end of the turn. */
  gauges(values: Partial<Gauges>): void {
    for (const [name, value] of Object.entries(values))
      this.#numbers[gaugePlaceOf(name as keyof Gauges)] = value
    this.#changed()
  }

  /** As the slot has them, or will have by the end of the turn. */
  get numbers(): Float64Array {
    return this.#numbers
  }

  /** Writes what has changed. Never throws. */
  flush(): void {
    if (this.#phase !== 'changed') return
    this.#phase = 'idle'
    this.#turns += 1
    try {
      if (this.#turns === oftenEnough) this.#map()
      else this.#slot.write()
      this.#board = 'well'
    } catch (error) {
      if (this.#board === 'well') this.#onTrouble(error)
      this.#board = 'failing'
    }
  }

  #map(): void {
    const mapped = this.#slot.map()
    if (mapped === undefined) return
    this.#numbers = mapped
    this.#phase = 'mapped'
  }

  #add(place: number, count: number): void {
    this.#numbers[place] = (this.#numbers[place] ?? 0) + count
    if (this.#phase === 'idle') this.#changed()
  }

  #changed(): void {
    if (this.#phase !== 'idle') return
    this.#phase = 'changed'
    setImmediate(this.#endOfTurn)
  }
}
