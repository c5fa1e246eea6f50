/** Who gets what: nothing is lost or given twice, windows are kept, and nobody waits for ever. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Desk } from '../../../src/front/desk.ts'
import {
  averageAfter,
  choose,
  isToBePoked,
  type Lane,
  patienceOf,
  windowOf,
} from '../../../src/front/dispatch.ts'

interface Request {
  id: number
  alone: boolean
  waiting: boolean
  given: number
}

class FakeLane implements Lane {
  crew: { busy: number }
  state: Lane['state'] = 'usable'
  average: number
  hand: Request[] = []

  constructor(crew: { busy: number }, average: number) {
    this.crew = crew
    this.average = average
  }

  get inHand(): number {
    return this.hand.length
  }

  get window(): number {
    return windowOf(this.average)
  }
}

const lanesOf = (averages: readonly number[], perCrew = 1): FakeLane[] => {
  const crews = averages.map(() => ({ busy: 0 }))
  return averages.map((average, at) => new FakeLane(crews[Math.floor(at / perCrew)] ?? { busy: 0 }, average))
}

const put = (lane: FakeLane, count: number): void => {
  if (lane.inHand === 0 && count > 0) lane.crew.busy += 1
  for (let index = 0; index < count; index += 1)
    lane.hand.push({ id: 0, alone: false, waiting: false, given: 1 })
}

describe('the cheapest lane', () => {
  test('is the one that is busy with short requests, while its work is less than waking another', () => {
    const [hot, cold] = lanesOf([0.004, 0.004]) as [FakeLane, FakeLane]
    put(hot, 10)
    expect(choose([cold, hot], false)).toBe(hot)
    put(hot, 45)
    expect(choose([cold, hot], false)).toBe(cold)
  })

  test('is an idle process where requests take long', () => {
    const [busy, idle] = lanesOf([50, 50]) as [FakeLane, FakeLane]
    put(busy, 1)
    expect(choose([busy, idle], false)).toBe(idle)
  })

  test('is in a process without another busy thread', () => {
    const lanes = lanesOf([50, 50, 50, 50], 2)
    put(lanes[0] as FakeLane, 1)
    expect(choose(lanes, false)).toBe(lanes[2])
  })

  test('is an idle thread of a busy process when every process is busy with long requests', () => {
    const lanes = lanesOf([50, 50, 50, 50], 2)
    put(lanes[0] as FakeLane, 1)
    put(lanes[2] as FakeLane, 1)
    expect([lanes[1], lanes[3]]).toContain(choose(lanes, false))
  })

  test('is none when all windows are full, or all is closed, alone or silent', () => {
    const lanes = lanesOf([5, 5])
    for (const lane of lanes) put(lane, 1)
    expect(choose(lanes, false)).toBe(undefined)
    for (const state of ['closed', 'alone', 'silent'] as const) {
      const [lane] = lanesOf([0.1]) as [FakeLane]
      lane.state = state
      expect(choose([lane], false)).toBe(undefined)
    }
  })

  test('has nothing in hand for what needs an idle thread', () => {
    const [hot, cold] = lanesOf([0.004, 0.004]) as [FakeLane, FakeLane]
    put(hot, 1)
    expect(choose([hot, cold], true)).toBe(cold)
    put(cold, 1)
    expect(choose([hot, cold], true)).toBe(undefined)
  })
})

test('windows hold about 2.5 ms of work, 1 to 64 requests', () => {
  expect([0.001, 0.039, 0.1, 1, 2, 200].map(windowOf)).toEqual([64, 64, 25, 2, 1, 1])
})

test('the average comes to what requests take', () => {
  let average = 1
  for (let batch = 0; batch < 40; batch += 1) average = averageAfter(average, 10, 0.05)
  expect(average).toBeCloseTo(0.005, 3)
  for (let batch = 0; batch < 60; batch += 1) average = averageAfter(average, 1, 30)
  expect(average).toBeGreaterThan(25)
})

test('a lane is poked when others wait and it was silent for 4 averages, 2 ms at least', () => {
  const [lane] = lanesOf([1]) as [FakeLane]
  expect([patienceOf(0.1), patienceOf(1)]).toEqual([2, 4])
  put(lane, 1)
  expect(isToBePoked(lane, 1000)).toBe(false)
  put(lane, 1)
  expect([isToBePoked(lane, 3.9), isToBePoked(lane, 4.1)]).toEqual([false, true])
  lane.state = 'silent'
  expect(isToBePoked(lane, 1000)).toBe(false)
})

/** What may happen at a desk. */
type Step =
  | { readonly is: 'come'; readonly alone: boolean }
  | { readonly is: 'answer'; readonly lane: number; readonly count: number }
  | { readonly is: 'back'; readonly lane: number }
  | { readonly is: 'leave'; readonly which: number }
  | { readonly is: 'state'; readonly lane: number; readonly state: Lane['state'] }

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ is: fc.constant('come' as const), alone: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant('answer' as const),
      lane: fc.nat(5),
      count: fc.integer({ min: 1, max: 5 }),
    }),
  },
  fc.record({ is: fc.constant('back' as const), lane: fc.nat(5) }),
  fc.record({ is: fc.constant('leave' as const), which: fc.nat() }),
  fc.record({
    is: fc.constant('state' as const),
    lane: fc.nat(5),
    state: fc.constantFrom<Lane['state']>('usable', 'usable', 'silent', 'closed'),
  }),
)

/** A desk with its lanes, which checks what it is told to give. */
class Model {
  readonly lanes: FakeLane[]
  readonly all: Request[] = []
  readonly refused = new Set<Request>()
  readonly done = new Set<Request>()
  readonly left = new Set<Request>()
  readonly desk: Desk<Request, FakeLane>

  constructor(averages: readonly number[], limit: number) {
    this.lanes = lanesOf(averages, 2)
    this.desk = new Desk({ limit, give: (lane: FakeLane, request: Request) => this.give(lane, request) })
    this.desk.lanes = this.lanes
  }

  give(lane: FakeLane, request: Request): void {
    expect(lane.state).toBe('usable')
    expect(lane.inHand).toBeLessThan(lane.window)
    if (request.alone) expect(lane.inHand).toBe(0)
    expect(this.done.has(request) || this.left.has(request)).toBe(false)
    for (const other of this.lanes) expect(other.hand).not.toContain(request)
    if (lane.inHand === 0) lane.crew.busy += 1
    request.waiting = false
    request.given += 1
    lane.hand.push(request)
  }

  step(step: Step): void {
    if (step.is === 'come') this.#come(step.alone)
    else if (step.is === 'leave') this.#leave(step.which)
    else {
      const lane = this.lanes[step.lane % this.lanes.length]
      if (!lane) return
      if (step.is === 'answer') this.answer(lane, step.count)
      else if (step.is === 'back') this.#back(lane)
      else {
        lane.state = step.state
        this.desk.pump()
      }
    }
    expect(this.desk.waiting).toBe(this.all.filter(({ waiting }) => waiting).length)
  }

  answer(lane: FakeLane, count: number): void {
    if (lane.inHand === 0) return
    for (const request of lane.hand.splice(0, count)) this.done.add(request)
    if (lane.inHand === 0) lane.crew.busy -= 1
    this.desk.pump()
  }

  #come(alone: boolean): void {
    const request = { id: this.all.length + 1, alone, waiting: false, given: 0 }
    this.all.push(request)
    if (this.desk.passes(request)) return
    if (!this.desk.hasRoom) return void this.refused.add(request)
    request.waiting = true
    this.desk.wait(request)
  }

  #leave(which: number): void {
    const waiting = this.all.filter((request) => request.waiting)
    const request = waiting[which % waiting.length]
    if (!request) return
    request.waiting = false
    this.left.add(request)
    this.desk.left()
  }

  #back(lane: FakeLane): void {
    const back = lane.hand.splice(1)
    for (const request of back) request.waiting = true
    this.desk.waitAgain(back)
  }
}

describe('a desk', () => {
  test('loses nothing, gives nothing twice, and keeps every window, whatever happens', () => {
    const averages = fc.array(fc.constantFrom(0.004, 0.1, 1, 50), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(averages, fc.nat(20), fc.array(steps, { maxLength: 120 }), (rates, limit, story) => {
        const model = new Model(rates, limit)
        for (const step of story) model.step(step)
        // Now all are quick to answer, and everyone gets their turn.
        for (const lane of model.lanes) lane.state = 'usable'
        model.desk.pump()
        for (let round = 0; round < 400; round += 1) for (const lane of model.lanes) model.answer(lane, 1)
        expect(model.desk.waiting).toBe(0)
        expect(model.done.size + model.left.size + model.refused.size).toBe(model.all.length)
      }),
      { numRuns: 300 },
    )
  })

  test('one that needs an idle thread gets it, however many others come', () => {
    const model = new Model([0.1], 1000)
    for (let count = 0; count < 10; count += 1) model.step({ is: 'come', alone: false })
    model.step({ is: 'come', alone: true })
    const post = model.all.at(-1) as Request
    for (let count = 0; count < 60 && post.given === 0; count += 1) {
      model.step({ is: 'come', alone: false })
      model.step({ is: 'answer', lane: 0, count: 1 })
    }
    expect(post.given).toBe(1)
  })

  test('while one waits for an idle thread, others go to the other lanes', () => {
    const model = new Model([0.1, 0.1, 0.1], 1000)
    for (let count = 0; count < 40; count += 1) model.step({ is: 'come', alone: false })
    model.step({ is: 'come', alone: true })
    const before = model.lanes.map(({ inHand }) => inHand)
    for (let count = 0; count < 5; count += 1) model.step({ is: 'come', alone: false })
    const more = model.lanes.map(({ inHand }, at) => inHand - (before[at] ?? 0))
    expect(more.reduce((sum, one) => sum + one)).toBe(5)
    expect(more[before.indexOf(Math.min(...before))]).toBe(0)
  })

  test('those that come back go before those that came later', () => {
    const model = new Model([1], 1000)
    for (let count = 0; count < 5; count += 1) model.step({ is: 'come', alone: false })
    model.step({ is: 'back', lane: 0 })
    const order: number[] = []
    for (let count = 0; count < 5; count += 1) {
      order.push(...(model.lanes[0]?.hand ?? []).map(({ id }) => id).filter((id) => !order.includes(id)))
      model.step({ is: 'answer', lane: 0, count: 1 })
    }
    expect(order).toEqual([1, 2, 3, 4, 5])
  })

  test('clients that come and go while every worker hangs leave nothing behind', () => {
    const model = new Model([50], 10)
    model.step({ is: 'come', alone: false })
    model.step({ is: 'come', alone: false })
    for (let count = 0; count < 5000; count += 1) {
      model.step({ is: 'come', alone: false })
      const last = model.all.at(-1) as Request
      if (!last.waiting) continue
      last.waiting = false
      model.left.add(last)
      model.desk.left()
      model.all.length = 2
    }
    expect(model.desk.places).toBeLessThan(1100)
    expect(model.desk.waiting).toBe(1)
  })
})
