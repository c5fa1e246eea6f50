/** Fronts beside Python workers: who is there, who goes first, and which workers a front has. */
import { describe, expect, test } from 'vitest'
import { share } from '../../../src/arbiter/shares.ts'
import type { Phase, Role } from '../../../src/arbiter/state.ts'
import { Story } from './story.ts'

const behindFronts = { workers: 2, fronts: 1 }

const agesOf = (story: Story, role: Role, ...phases: readonly Phase[]): readonly number[] =>
  story
    .of(...phases)
    .filter((worker) => worker.role === role)
    .map(({ age }) => age)

describe('a start', () => {
  test('spawns workers and fronts, and serves when all of them are ready', () => {
    const story = new Story(behindFronts).start().until('booting')
    expect(story.did('spawn').map(({ role, age }) => `${role} ${age}`)).toEqual([
      'worker 1',
      'worker 2',
      'front 3',
    ])
    story.spawn().ready(1).ready(2)
    expect(story.did('commit')).toEqual([])
    story.ready(3)
    expect(story.did('commit')).toMatchObject([{ generation: 1 }])
  })

  test('tells a front its workers as they become ready', () => {
    const story = new Story(behindFronts).start().until('booting').spawn().ready(3).ready(1).ready(2)
    expect(story.did('assign')).toEqual([
      { do: 'assign', front: 3, workers: [1], abandoned: false },
      { do: 'assign', front: 3, workers: [1, 2], abandoned: false },
    ])
  })
})

describe('a death', () => {
  test('of a front leaves the workers alone: they are given to its successor', () => {
    const story = new Story(behindFronts).serve().exit(3, null, 'SIGKILL')
    expect(story.logged(/Front \(pid:103\) was sent SIGKILL/)).toBe(true)
    story.boot()
    expect(agesOf(story, 'worker', 'ready')).toEqual([1, 2])
    expect(story.did('assign')).toMatchObject([{ front: 4, workers: [1, 2] }])
  })

  test('of a worker takes it off the list, and its successor is put on it', () => {
    const story = new Story(behindFronts).serve().exit(1, null, 'SIGKILL').boot()
    expect(story.did('assign').map(({ workers }) => workers)).toEqual([[2], [2, 4]])
  })
})

describe('a reload', () => {
  test('keeps the old fronts until the new generation is complete, and the old workers until those are gone', () => {
    const story = new Story(behindFronts).serve().reload().spawn()
    story.ready(4).ready(5)
    expect(story.did('drain')).toEqual([])
    story.ready(6)
    expect(story.did('drain')).toEqual([{ do: 'drain', age: 3 }])
    story.exit(3)
    expect(story.did('drain').map(({ age }) => age)).toEqual([3, 1, 2])
  })

  test('that fails ends what it had begun, fronts before workers, and the old generation serves on', () => {
    const story = new Story(behindFronts).serve().reload().spawn().ready(6).ready(4)
    story.exit(5, 1).pass(2000)
    expect(agesOf(story, 'front', 'ready')).toEqual([3, 6])
    expect(story.state.serving?.number).toBe(1)
  })

  test('that fails before a worker is ready spawns no other of it, whatever its front does', () => {
    const story = new Story(behindFronts).serve().reload().spawn().exit(4, 3)
    expect(agesOf(story, 'front', 'dismissed')).toEqual([6])
    story.ready(6).exit(5, 3).pass(1000)
    expect(story.did('spawn').map(({ age }) => age)).toEqual([4, 5, 6])
  })

  test('with reload_surge takes old workers away one by one, and never the last of a front', () => {
    const story = new Story({ ...behindFronts, surge: 1 }).serve().reload().spawn()
    expect(agesOf(story, 'worker', 'booting')).toEqual([4])
    const front = agesOf(story, 'front', 'booting')[0] ?? 0
    story.ready(front).ready(4)
    expect(story.did('drain')).toEqual([{ do: 'drain', age: 1 }])
    story.leave().boot()
    expect(agesOf(story, 'front', 'retiring')).toEqual([3])
    expect(agesOf(story, 'worker', 'ready')).toContain(2)
    story.leave()
    expect(agesOf(story, 'worker', 'retiring')).toEqual([2])
  })

  test('during which the last front dies gets the old generation another one', () => {
    const story = new Story(behindFronts).serve().reload().spawn().exit(3, null, 'SIGKILL')
    expect(story.did('spawn').at(-1)).toMatchObject({ role: 'front', generation: 1 })
  })

  test('whose old fronts have lost their last worker gets them another one of their own generation', () => {
    const story = new Story(behindFronts).serve().reload().boot()
    expect(agesOf(story, 'front', 'retiring')).toEqual([3])
    story.exit(1, null, 'SIGKILL').exit(2, null, 'SIGKILL')
    expect(story.did('spawn').at(-1)).toMatchObject({ role: 'worker', generation: 1 })
  })

  test('from JavaScript to Python keeps the old workers until the new fronts accept, and back', () => {
    const story = new Story({ fronts: 0 }).serve().reload({ fronts: 1 }).spawn()
    story.ready(3).ready(4)
    expect(story.did('drain')).toEqual([])
    story.ready(5)
    expect(story.did('drain').map(({ age }) => age)).toEqual([1, 2])
    story.leave().pass(2000).take()
    story.reload({ fronts: 0 }).boot()
    expect(story.did('drain')).toEqual([{ do: 'drain', age: 5 }])
    story.exit(5)
    expect(story.did('drain').map(({ age }) => age)).toEqual([5, 3, 4])
  })
})

describe('the end', () => {
  test('drains fronts first; workers have what is left of graceful_timeout', () => {
    const story = new Story({ ...behindFronts, gracefulTimeout: 10_000 }).serve().signal('SIGTERM')
    expect(story.did('drain')).toEqual([{ do: 'drain', age: 3 }])
    const end = story.now + 10_000
    story.pass(4000).exit(3)
    expect(story.did('drain').map(({ age }) => age)).toEqual([3, 1, 2])
    expect(story.of('retiring').map((worker) => 'deadline' in worker && worker.deadline)).toEqual([end, end])
    story.leave()
    expect(story.state.mode.phase).toBe('gone')
  })

  test('of a worker that was the last tells its fronts that none will come; of others it does not', () => {
    const story = new Story(behindFronts).serve().signal('SIGTERM').exit(1, null, 'SIGKILL')
    expect(story.did('assign')).toEqual([{ do: 'assign', front: 3, workers: [2], abandoned: false }])
    story.exit(2, null, 'SIGKILL')
    expect(story.did('assign').at(-1)).toEqual({ do: 'assign', front: 3, workers: [], abandoned: true })
    story.exit(3)
    expect(story.state.mode.phase).toBe('gone')
  })

  test('is told to fronts whose workers had died before it', () => {
    const story = new Story(behindFronts).serve().exit(1, null, 'SIGKILL').exit(2, null, 'SIGKILL')
    expect(story.did('assign').at(-1)).toMatchObject({ workers: [], abandoned: false })
    story.signal('SIGTERM')
    expect(story.did('assign').at(-1)).toMatchObject({ front: 3, workers: [], abandoned: true })
  })

  test('of all workers by WINCH, and a worker that comes back by TTIN', () => {
    const story = new Story({ ...behindFronts, daemon: true }).serve().signal('SIGWINCH')
    story.exit(1, null, 'SIGKILL').exit(2, null, 'SIGKILL')
    expect(story.did('assign').at(-1)).toMatchObject({ front: 3, abandoned: true })
    story.signal('SIGTTIN')
    expect(story.did('assign').at(-1)).toMatchObject({ front: 3, abandoned: false })
  })

  test('at once ends all of them together', () => {
    const story = new Story(behindFronts).serve().signal('SIGINT')
    expect(story.kills()).toEqual(['1 SIGQUIT', '2 SIGQUIT', '3 SIGQUIT'])
  })

  test('TTOU to fewer workers than fronts takes fronts away, TTIN brings them back', () => {
    const story = new Story({ workers: 2, fronts: 2 }).serve().signal('SIGTTOU')
    expect(agesOf(story, 'front', 'retiring')).toEqual([3])
    // It has requests yet.
    expect(agesOf(story, 'worker', 'ready')).toEqual([1, 2])
    expect(story.did('assign')).toEqual([])
    story.exit(3)
    expect(agesOf(story, 'worker', 'retiring')).toEqual([1])
    story.leave().signal('SIGTTIN')
    expect(story.did('spawn').map(({ role }) => role)).toEqual(['worker', 'front'])
  })

  test('TTOU and TTIN change the number of workers, not of fronts; without workers there is no front', () => {
    const story = new Story(behindFronts).serve().signal('SIGTTIN').boot()
    expect(story.did('spawn').map(({ role }) => role)).toEqual(['worker'])
    const winched = new Story({ ...behindFronts, daemon: true }).serve().signal('SIGWINCH')
    expect(winched.did('drain')).toEqual([{ do: 'drain', age: 3 }])
    winched.exit(3)
    expect(winched.did('drain').map(({ age }) => age)).toEqual([3, 1, 2])
  })
})

describe('a reload that fails', () => {
  test('boots no worker for a front that never accepted', () => {
    const story = new Story(behindFronts).serve().reload().spawn().ready(6)
    story.exit(4, 3)
    expect(story.state.staging).toBe(undefined)
    story.exit(5, 3).pass(60_000)
    expect(story.state.nextAge).toBe(7)
    expect(agesOf(story, 'worker', 'ready')).toEqual([1, 2])
  })
})

describe('TERM to a worker or a front', () => {
  test.each([
    ['worker', 1],
    ['front', 3],
  ] as const)('has a %s replaced before it ends', (role, age) => {
    const story = new Story(behindFronts).serve().tell({ type: 'recycle', age, reason: 'signal' })
    expect(story.did('spawn')).toMatchObject([{ role }])
    expect(story.did('drain')).toEqual([])
    story.boot()
    expect(story.did('drain')).toEqual([{ do: 'drain', age }])
  })

  test.each([0, 5000])(
    'is no reason to replace anyone when the master was sent it, too (lame_duck %i)',
    (lameDuck) => {
      const story = new Story({ ...behindFronts, lameDuck }).serve().signal('SIGTERM')
      for (const age of [1, 2, 3]) story.tell({ type: 'recycle', age, reason: 'signal' })
      expect(story.did('spawn')).toEqual([])
      story.pass(lameDuck)
      expect(story.did('drain')).toEqual([{ do: 'drain', age: 3 }])
      story.exit(3)
      expect(story.did('drain').map(({ age }) => age)).toEqual([3, 1, 2])
    },
  )
})

describe('a front that was sent TERM during a reload', () => {
  test('serves until its own generation has another, whatever fronts the older one has', () => {
    const story = new Story(behindFronts).serve().reload().spawn().ready(6).ready(4)
    story.tell({ type: 'recycle', age: 6, reason: 'signal' })
    expect(story.did('drain')).toEqual([])
    expect(story.did('spawn').at(-1)).toMatchObject({ role: 'front', generation: 2 })
    story.boot()
    expect(story.did('drain').map(({ age }) => age)).toEqual([3, 6])
  })

  test('serves until a newer generation has its own, when it is of the older one', () => {
    const story = new Story(behindFronts).serve().reload().spawn()
    story.tell({ type: 'recycle', age: 3, reason: 'signal' })
    story.ready(4).ready(5)
    expect(story.did('drain')).toEqual([])
    story.ready(6)
    expect(story.did('drain')).toEqual([{ do: 'drain', age: 3 }])
  })
})

describe('a request that took too long', () => {
  test('has a worker replaced that can do nothing else: it is aborted, and killed if it stays', () => {
    const story = new Story(behindFronts).serve().tell({ type: 'overdue', age: 1, alone: true })
    expect(story.kills()).toEqual(['1 SIGABRT'])
    expect(story.did('spawn')).toMatchObject([{ role: 'worker' }])
    story.pass(1000)
    expect(story.kills()).toEqual(['1 SIGABRT', '1 SIGKILL'])
  })

  test('has a worker with other requests replaced before it ends', () => {
    const story = new Story(behindFronts).serve().tell({ type: 'overdue', age: 1, alone: false })
    expect(story.ages('leaving')).toEqual([1])
    expect(story.kills()).toEqual([])
    story.boot()
    expect(story.did('drain')).toEqual([{ do: 'drain', age: 1 }])
  })
})

describe('shares', () => {
  test('are equal as far as that goes, and nobody moves without need', () => {
    expect(share([10, 11], [1, 2, 3], [])).toEqual([
      { front: 10, workers: [1, 3] },
      { front: 11, workers: [2] },
    ])
    const before = [
      { front: 10, workers: [1, 3] },
      { front: 11, workers: [2] },
    ]
    expect(share([10, 11], [1, 2, 3, 4], before)).toEqual([
      { front: 10, workers: [1, 3] },
      { front: 11, workers: [2, 4] },
    ])
  })

  test('of a front that is gone go to the others, and a new front gets its part', () => {
    expect(share([11], [1, 2], [{ front: 10, workers: [1, 2] }])).toEqual([{ front: 11, workers: [1, 2] }])
    expect(share([11, 12], [1, 2, 3], [{ front: 11, workers: [1, 2, 3] }])).toEqual([
      { front: 11, workers: [1, 2] },
      { front: 12, workers: [3] },
    ])
  })
})
