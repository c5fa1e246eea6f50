import { expect, test } from 'vitest'
import { weightOf } from '../../../src/control/agent.ts'
import { burdenShare, Smoothed } from '../../../src/metrics/load.ts'

test('the scarcer of processors and places says how full a server is', () => {
  expect(burdenShare({ processors: 1, usable: 2, taken: 0, places: 4 })).toBe(0.5)
  expect(burdenShare({ processors: 0.1, usable: 2, taken: 3, places: 4 })).toBe(0.75)
  expect(burdenShare({ processors: 5, usable: 2, taken: 9, places: 4 })).toBe(1)
  expect(burdenShare({ processors: 0, usable: 0, taken: 0, places: 0 })).toBe(0)
})

test('a change comes through by two thirds in ten seconds, however often one looks', () => {
  const loads = [1, 10, 50].map((looks) => {
    const smoothed = new Smoothed()
    smoothed.note(0, 0)
    let load = 0
    for (let look = 1; look <= looks; look += 1) load = smoothed.note(1, (look * 10_000) / looks)
    return load
  })
  for (const load of loads) expect(load).toBeCloseTo(1 - 1 / Math.E)
})

test('who has just started is idle, and a clock that stands still changes nothing', () => {
  const smoothed = new Smoothed()
  expect([smoothed.note(1, 5000), smoothed.note(1, 5000)]).toEqual([0, 0])
})

/**
 * Two servers share requests by the weights they tell each `pace`, unevenly at first; what is told of is the time since
 * the last look. How far the shares still swing at the end.
 */
const swing = (requests: number, pace: number): number => {
  const servers = [new Smoothed(), new Smoothed()] as const
  for (const server of servers) server.note(0, -pace)
  const shares = [0.8, 0.8]
  for (let now = 0; now < 600_000; now += pace) {
    const seen = ((shares.at(-1) ?? 0) + (shares.at(-2) ?? 0)) / 2
    const [one, two] = servers.map((server, at) =>
      weightOf(server.note(Math.min(1, requests * (at === 0 ? seen : 1 - seen)), now)),
    ) as [number, number]
    shares.push(one / (one + two))
  }
  const late = shares.slice(-Math.round(120_000 / pace))
  return Math.max(...late) - Math.min(...late)
}

test('two servers that are told of settle, nearly full ones too', () => {
  for (const requests of [0.5, 1, 1.5, 1.7, 1.9, 2, 3])
    for (const pace of [1000, 2000, 5000]) expect(swing(requests, pace)).toBeLessThan(0.1)
})
