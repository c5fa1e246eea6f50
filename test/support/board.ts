/**
 * The board of a running server, read from outside by what src/control/README.md says of it: independently of the code
 * that writes it. Linux: the file has no name, and is found among the master's descriptors.
 */
import { fstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { gaugeNames, gaugePlaceOf, placeOf } from '../../src/metrics/slot.ts'

/** A descriptor of our own of the master's board, which it outlives. */
export const openBoard = (master: number): number => {
  const folder = `/proc/${master}/fd`
  const found = readdirSync(folder).find((fd) =>
    readlinkSync(`${folder}/${fd}`).includes('tsgunicorn-board-'),
  )
  if (found === undefined) throw new Error(`the master ${master} has no board`)
  return openSync(`${folder}/${found}`, 'r')
}

const numbersAt = (fd: number, at: number): Float64Array => {
  const numbers = new Float64Array(56)
  readSync(fd, new Uint8Array(numbers.buffer), 0, 448, at + 64)
  return numbers
}

/** Sums over both archives and all slots. What the dead had in hand, and nobody has added yet, is in `begun` alone. */
export const countedIn = (
  fd: number,
): {
  readonly begun: number
  readonly finished: number
  readonly lost: number
  readonly status2: number
  readonly sent: number
} => {
  const places = [1024, 2048]
  for (let at = 4096; at < fstatSync(fd).size; at += 512) places.push(at)
  const all = places.map((at) => numbersAt(fd, at))
  const sum = (name: Parameters<typeof placeOf>[0]): number =>
    all.reduce((total, numbers) => total + (numbers[placeOf(name)] ?? 0), 0)
  return {
    begun: sum('begun'),
    finished: sum('finished'),
    lost: sum('lost'),
    status2: sum('status2'),
    sent: sum('sent'),
  }
}

/** Gauges of the slots that somebody has lately served requests from, each by name. */
export const busySlotsIn = (fd: number): Record<(typeof gaugeNames)[number], number>[] => {
  const places: number[] = []
  for (let at = 4096; at < fstatSync(fd).size; at += 512) places.push(at)
  return places
    .map((at) => numbersAt(fd, at))
    .filter((numbers) => (numbers[gaugePlaceOf('rate')] ?? 0) > 0)
    .map(
      (numbers) =>
        Object.fromEntries(gaugeNames.map((name) => [name, numbers[gaugePlaceOf(name)] ?? 0])) as Record<
          (typeof gaugeNames)[number],
          number
        >,
    )
}
