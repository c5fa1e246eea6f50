import { expect, test } from 'vitest'
import { LoadOfWorkers } from '../../../../src/arbiter/administration/load.ts'
import { placeOf } from '../../../../src/metrics/slot.ts'
import { boardNumbers } from '../../../../src/system/board-format.ts'
import { Story } from '../story.ts'

/** An office of which is known only what a load is made of. `inFlight`: of each who speaks HTTP. */
const officeOf = (story: Story, { beat = () => story.now, inFlight = 0, threads = 1 } = {}) => {
  const numbers = new Float64Array(boardNumbers)
  numbers[placeOf('begun')] = inFlight
  const known = {
    state: () => story.state,
    board: { read: () => ({ beat: beat() }), numbers: () => numbers },
    crew: { get: () => ({ cfg: { threads } }) },
  }
  return known as unknown as Parameters<LoadOfWorkers['look']>[0]
}

/** After so long that nothing is left of what was before. */
const settled = (load: LoadOfWorkers, office: ReturnType<typeof officeOf>, story: Story): number => {
  load.look(office, story.now)
  story.now += 1e6
  return load.look(office, story.now)
}

test('of JavaScript workers it is the share of the processors that they could use', () => {
  const story = new Story({ workers: 4 }).serve()
  let seconds = 0
  const load = new LoadOfWorkers(2, () => seconds)
  const office = officeOf(story)
  load.look(office, story.now)
  story.now += 1e6
  // Four that had a quarter of a processor each, on two processors.
  seconds = 250
  expect(load.look(office, story.now)).toBeCloseTo(0.5)
})

test('a worker that hangs is full, whether it burns time or sleeps', () => {
  const story = new Story({ workers: 2 }).serve()
  const office = officeOf(story, { beat: () => 1 })
  expect(settled(new LoadOfWorkers(8, () => undefined), office, story)).toBeCloseTo(1)
  const well = new Story({ workers: 2 }).serve()
  expect(settled(new LoadOfWorkers(8, () => undefined), officeOf(well), well)).toBe(0)
})

test('behind fronts it is the share of threads that have a request, those that wait counted in', () => {
  const story = new Story({ workers: 2, fronts: 1 }).serve()
  const look = (inFlight: number) =>
    settled(new LoadOfWorkers(8, () => undefined), officeOf(story, { inFlight, threads: 4 }), story)
  expect(look(2)).toBeCloseTo(0.25)
  expect(look(20)).toBeCloseTo(1)
})

test('who asks again at once is told the same', () => {
  const story = new Story().serve()
  let asked = 0
  const load = new LoadOfWorkers(1, () => {
    asked += 1
    return 0
  })
  for (let times = 0; times < 50; times += 1) load.look(officeOf(story), story.now)
  expect(asked).toBe(2)
})
