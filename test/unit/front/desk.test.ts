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
  regretAfter,
  windowOf,
} from '../../../src/front/dispatch.ts'

interface Request {
  id: number
  alone: boolean
  waiting: boolean
  given: number
}

/** A worker's lanes, as far as they share an interpreter. */
class FakeCrew {
  busy = 0
  average: number
  regret = 0

  constructor(average: number) {
    this.average = average
  }

  get patience(): number {
    return patienceOf(this.average)
  }
}

class FakeLane implements Lane {
  crew: FakeCrew
  state: Lane['state'] = 'usable'
  hand: Request[] = []
  silentMs = 0
  forsaken = false

  constructor(crew: FakeCrew) {
    this.crew = crew
  }

  get inHand(): number {
    return this.hand.length
  }

  silentFor(): number {
    return this.silentMs
  }

  get window(): number {
    return windowOf(this.crew.average)
  }
}

/** A worker for each average. */
const lanesOf = (averages: readonly number[], threads = 1): FakeLane[] =>
  averages.flatMap((average) => {
    const crew = new FakeCrew(average)
    return Array.from({ length: threads }, () => new FakeLane(crew))
  })

const now = 0

const put = (lane: FakeLane, count: number): void => {
  if (lane.inHand === 0 && count > 0) lane.crew.busy += 1
  for (let index = 0; index < count; index += 1)
    lane.hand.push({ id: 0, alone: false, waiting: false, given: 1 })
}

describe('the cheapest lane', () => {
  test('is the one that is busy with short requests, while its work is less than waking another', () => {
    const [hot, cold] = lanesOf([0.004, 0.004]) as [FakeLane, FakeLane]
    put(hot, 10)
    expect(choose([cold, hot], false, now)).toBe(hot)
    put(hot, 45)
    expect(choose([cold, hot], false, now)).toBe(cold)
  })

  test('is an idle process where requests take long', () => {
    const [busy, idle] = lanesOf([50, 50]) as [FakeLane, FakeLane]
    put(busy, 1)
    expect(choose([busy, idle], false, now)).toBe(idle)
  })

  test('is in a process without another busy thread', () => {
    const lanes = lanesOf([50, 50], 2)
    put(lanes[0] as FakeLane, 1)
    expect(choose(lanes, false, now)).toBe(lanes[2])
  })

  test('is an idle thread of a busy process when every process is busy with long requests', () => {
    const lanes = lanesOf([50, 50], 2)
    put(lanes[0] as FakeLane, 1)
    put(lanes[2] as FakeLane, 1)
    expect([lanes[1], lanes[3]]).toContain(choose(lanes, false, now))
  })

  test('is no second thread of a process while requests are shorter than a switch between threads', () => {
    const lanes = lanesOf([0.02, 0.02], 4)
    for (let count = 0; count < 100; count += 1) put(choose(lanes, false, now) as FakeLane, 1)
    expect(lanes.map(({ inHand }) => inHand > 0)).toEqual([
      true,
      false,
      false,
      false,
      true,
      false,
      false,
      false,
    ])
  })

  test('is not behind a request that is at work for longer than an idle thread would take to wake', () => {
    const [slow, idle] = lanesOf([0.2], 2) as [FakeLane, FakeLane]
    put(slow, 1)
    expect(choose([slow, idle], false, now)).toBe(slow)
    slow.silentMs = 0.5
    expect(choose([slow, idle], false, now)).toBe(idle)
  })

  test('is an idle thread beside one that waits for something, not behind a request that has just begun', () => {
    const lanes = lanesOf([0.05, 0.05], 2)
    const [begun, , waits] = lanes as [FakeLane, FakeLane, FakeLane, FakeLane]
    put(begun, 1)
    put(waits, 1)
    begun.silentMs = 0.3
    waits.silentMs = 1
    expect(choose(lanes, false, now)).toBe(begun)
    waits.silentMs = 50
    expect(choose(lanes, false, now)).toBe(lanes[3])
  })

  test('is an idle thread where requests were put behind others in vain, until that is forgotten', () => {
    const [busy, idle] = lanesOf([0.1, 0.1]) as [FakeLane, FakeLane]
    const { crew } = busy
    put(busy, 1)
    expect(choose([busy, idle], false, now)).toBe(busy)
    for (const wastedMs of [3, 0, 3]) crew.regret = regretAfter(crew.regret, wastedMs)
    expect(choose([busy, idle], false, now)).toBe(idle)
    for (let count = 0; count < 32; count += 1) crew.regret = regretAfter(crew.regret, 0)
    expect(choose([busy, idle], false, now)).toBe(busy)
  })

  test('is none behind a request that takes many times what others took', () => {
    const [slow] = lanesOf([0.1]) as [FakeLane]
    put(slow, 1)
    slow.silentMs = 1.9
    expect(choose([slow], false, now)).toBe(slow)
    slow.silentMs = 2.1
    expect(choose([slow], false, now)).toBe(undefined)
    slow.forsaken = true
    expect(choose([slow], false, now)).toBe(slow)
  })

  test('is none when all windows are full, or all is closed, alone or silent', () => {
    const lanes = lanesOf([5, 50])
    for (const lane of lanes) put(lane, lane.window)
    expect(choose(lanes, false, now)).toBe(undefined)
    for (const state of ['closed', 'alone', 'asked'] as const) {
      const [lane] = lanesOf([0.1]) as [FakeLane]
      lane.state = state
      expect(choose([lane], false, now)).toBe(undefined)
    }
  })

  test('has nothing in hand for what needs an idle thread', () => {
    const [hot, cold] = lanesOf([0.004, 0.004]) as [FakeLane, FakeLane]
    put(hot, 1)
    expect(choose([hot, cold], true, now)).toBe(cold)
    put(cold, 1)
    expect(choose([hot, cold], true, now)).toBe(undefined)
  })
})

test('windows hold about 2.5 ms of work, 1 to 64 requests', () => {
  expect([0.001, 0.039, 0.1, 1, 200].map(windowOf)).toEqual([64, 64, 25, 2, 1])
})

test('requests of up to 10 ms have one behind them, longer ones nobody', () => {
  expect([2, 2.5, 9.9, 10, 20].map(windowOf)).toEqual([2, 2, 2, 1, 1])
})

test('the average comes to what requests take', () => {
  let average = 1
  for (let batch = 0; batch < 40; batch += 1) average = averageAfter(average, 10, 0.05)
  expect(average).toBeCloseTo(0.005, 3)
  for (let batch = 0; batch < 60; batch += 1) average = averageAfter(average, 1, 30)
  expect(average).toBeGreaterThan(25)
})

test('one slow request among short ones does not narrow the window to nothing', () => {
  let average = averageAfter(0.1, 1, 200)
  expect(windowOf(average)).toBeGreaterThan(10)
  // Where all are slow it is soon known.
  for (let count = 0; count < 8; count += 1) average = averageAfter(average, 1, 200)
  expect(windowOf(average)).toBe(1)
})

test('a lane is poked when others wait and it was silent for 4 averages, 2 ms at least', () => {
  const [lane] = lanesOf([1]) as [FakeLane]
  expect([patienceOf(0.1), patienceOf(1)]).toEqual([2, 4])
  put(lane, 1)
  lane.silentMs = 1000
  expect(isToBePoked(lane, now)).toBe(false)
  put(lane, 1)
  lane.silentMs = 3.9
  expect(isToBePoked(lane, now)).toBe(false)
  lane.silentMs = 4.1
  expect(isToBePoked(lane, now)).toBe(true)
  lane.state = 'asked'
  expect(isToBePoked(lane, now)).toBe(false)
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
    state: fc.constantFrom<Lane['state']>('usable', 'usable', 'asked', 'closed'),
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

  constructor(averages: readonly number[], limit: number, threads = 1) {
    this.lanes = lanesOf(averages, threads)
    this.desk = new Desk({
      limit,
      give: (lane: FakeLane, request: Request) => this.give(lane, request),
      clock: () => now,
    })
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
    const averages = fc.array(fc.constantFrom(0.004, 0.1, 1, 50), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(averages, fc.nat(20), fc.array(steps, { maxLength: 120 }), (rates, limit, story) => {
        const model = new Model(rates, limit, 2)
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
