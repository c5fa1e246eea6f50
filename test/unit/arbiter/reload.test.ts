import { describe, expect, test } from 'vitest'
import { Story } from './story.ts'

const drained = (story: Story) => story.did('drain').map(({ age }) => age)

describe('a reload', () => {
  test('loads, opens and announces before it boots, and tells the service manager', () => {
    const story = new Story().serve().reload()
    expect(story.did('step').map(({ step, first }) => [step, first])).toEqual([
      ['loading', false],
      ['opening', false],
      ['announcing', false],
    ])
    expect(story.did('notify')).toEqual([{ do: 'notify', state: 'reloading' }])
  })

  test('boots all new workers at once and retires the oldest as each gets ready', () => {
    const story = new Story().serve().reload().spawn()
    expect(story.ages('booting')).toEqual([3, 4])
    expect(drained(story)).toEqual([])
    expect(drained(story.ready(3))).toEqual([1])
    expect(drained(story.ready(4))).toEqual([1, 2])
    expect(story.did('commit')).toEqual([{ do: 'commit', generation: 2, first: false }])
    expect(story.did('notify').at(-1)).toEqual({ do: 'notify', state: 'ready' })
  })

  test('with a surge of one replaces one after the other', () => {
    const story = new Story({ workers: 3, surge: 1 }).serve().reload()
    for (const [fresh, old] of [
      [4, 1],
      [5, 2],
      [6, 3],
    ] as const) {
      expect(story.ages('spawning')).toEqual([fresh])
      story.spawn().ready(fresh)
      expect(drained(story).at(-1)).toBe(old)
    }
    expect(story.leave().ages('ready')).toEqual([4, 5, 6])
  })

  test('to more workers keeps the old ones until the new are all there', () => {
    const story = new Story().serve().reload({ workers: 4 }).spawn().ready(3).ready(4)
    expect(drained(story)).toEqual([])
    expect(drained(story.ready(5))).toEqual([1])
    expect(drained(story.ready(6))).toEqual([1, 2])
  })

  test('to fewer workers retires nobody before one of the new is ready', () => {
    const story = new Story({ workers: 4 }).serve().reload({ workers: 2 }).spawn()
    expect(drained(story)).toEqual([])
    expect(drained(story.ready(5))).toEqual([1, 2, 3])
    expect(drained(story.ready(6))).toEqual([1, 2, 3, 4])
  })

  test('returns to the configured number after TTIN, and brings back workers after WINCH', () => {
    expect(new Story().serve().signal('SIGTTIN').boot().reload().boot().leave().ages('ready')).toHaveLength(2)
    const story = new Story({ daemon: true }).serve().signal('SIGWINCH').leave()
    expect(story.state.workers).toEqual([])
    expect(story.reload().boot().ages('ready')).toHaveLength(2)
  })

  test('judges the old workers by their own timeouts until it is done', () => {
    const story = new Story({ timeout: 5000 }).serve().reload({ timeout: 0, bootTimeout: 0 }).spawn()
    story.silent.add(1)
    story.pass(6000)
    expect(story.did('capture').map(({ age }) => age)).toEqual([1])
    story.ready(3)
    story.silent.add(3)
    expect(story.pass(100_000).did('capture')).toHaveLength(1)
  })

  test('counts no old silence under a timeout that is new to a worker', () => {
    const story = new Story({ workers: 1, timeout: 0 }).serve().pass(100_000)
    story.reload({ workers: 2, timeout: 5000 }).spawn()
    story.exit(2, 1).pass(200).ready(3)
    story.signal('SIGHUP')
    expect(story.state.serving?.number).toBe(2)
    expect(story.pass(4000).ages('ready')).toContain(1)
    expect(story.did('capture')).toEqual([])
  })
})

describe('a reload that changes the timeout', () => {
  test('has the silence of workers it keeps counted from then', () => {
    const story = new Story({ workers: 1, timeout: 0 }).serve()
    story.silent.add(1)
    story.reload({ workers: 2, timeout: 5000 }).spawn().pass(3500).exit(3, 1).ready(2).signal('SIGHUP')
    expect(story.state.serving?.number).toBe(2)
    expect(story.pass(4999).did('capture')).toEqual([])
    expect(story.pass(1).did('capture')).toEqual([{ do: 'capture', age: 1, why: 'timeout' }])
  })
})

describe('a reload that fails', () => {
  const steps = ['loading', 'opening', 'announcing', 'proving'] as const

  test.each(steps)('at %s leaves the serving generation and what it opened is closed', (step) => {
    const story = new Story({ preload: true }).serve().signal('SIGHUP')
    const { serving, workers, target } = story.state
    while (story.state.staging?.step !== step) story.succeed()
    story.fail({ exit: 4 })
    expect(story.did('discard')).toMatchObject([{ do: 'discard', generation: 2 }])
    expect(story.state).toMatchObject({ serving, workers, target, staging: undefined })
    expect(story.logged(/not reloaded, generation 1 serves on: it broke/)).toBe(true)
    expect(story.did('notify').at(-1)).toEqual({ do: 'notify', state: 'ready', failure: 'it broke' })
  })

  test.each(steps)('because %s is never answered is dropped', (step) => {
    const story = new Story({ preload: true }).serve().signal('SIGHUP')
    while (story.state.staging?.step !== step) story.succeed()
    story.pass(81_000)
    expect(story.did('discard')).toMatchObject([{ do: 'discard', generation: 2 }])
    expect(story.ages('ready')).toEqual([1, 2])
  })

  test('on an address in use has tried five times', () => {
    const story = new Story().serve().signal('SIGHUP').until('opening')
    for (let attempt = 1; attempt < 5; attempt += 1) story.fail({ retry: true }).pass(1000)
    expect(story.did('discard')).toEqual([])
    expect(story.fail({ retry: true }).did('discard')).toHaveLength(1)
  })

  test.each([3, 4])('with a worker that exits with %d ends its workers only', (code) => {
    const story = new Story().serve().reload({ workers: 5 }).spawn().exit(3, code)
    expect(story.state.target).toBe(2)
    expect(drained(story)).toEqual([4, 5, 6, 7])
    expect(story.pass(2000).kills()).toEqual(['4 SIGQUIT', '5 SIGQUIT', '6 SIGQUIT', '7 SIGQUIT'])
    expect(story.leave().ages('ready')).toEqual([1, 2])
    expect(story.did('exit')).toEqual([])
  })

  test('after five rounds of deaths restores the target', () => {
    const story = new Story({ workers: 3 }).serve().signal('SIGTTIN').boot().reload({ workers: 1 })
    for (let round = 0; round < 5; round += 1) {
      story.spawn()
      for (const age of story.ages('booting')) story.exit(age, 1)
      if (round < 4) story.pass(2000)
    }
    expect(story.did('discard')).toHaveLength(1)
    expect(story.state.target).toBe(4)
    expect(story.ages('ready')).toEqual([1, 2, 3, 4])
  })

  test('by the boot timeout leaves the ladder of its workers to the end', () => {
    const story = new Story().serve().reload().spawn().pass(60_000)
    expect(story.did('capture').map(({ age }) => age)).toEqual([3, 4])
    story.tell({ type: 'captured', age: 3 }).exit(3, null, 'SIGABRT')
    expect(story.did('discard')).toHaveLength(1)
    story.pass(5000).exit(4, null, 'SIGKILL').spawn().leave()
    expect(story.ages('ready')).toEqual([1, 2])
    expect(story.state.workers).toHaveLength(2)
    expect(story.state.crashes.count).toBe(0)
  })

  test('forgets the spawns that were on their way', () => {
    const story = new Story().serve().reload()
    story.tell({ type: 'spawned', age: 3, pid: 103 }).exit(3, 3)
    expect(story.did('forget')).toEqual([{ do: 'forget', age: 4 }])
    story.tell({ type: 'spawned', age: 4, pid: 104 }).ready(4)
    expect(story.state.workers).toHaveLength(2)
  })

  test('can be followed by one that works', () => {
    const story = new Story().serve().signal('SIGHUP').fail().reload().boot().leave()
    expect(story.state.serving?.number).toBe(3)
    expect(story.ages('ready')).toHaveLength(2)
  })
})

describe('reloads that meet', () => {
  test('are done one after the other, many as one', () => {
    const story = new Story().serve().signal('SIGHUP', 'SIGHUP', 'SIGHUP')
    story.tell({ type: 'changed', files: ['app.ts'] }).until('booting')
    expect(story.did('step').filter(({ step }) => step === 'loading')).toHaveLength(1)
    story.boot().until('booting').boot()
    expect(story.did('step').filter(({ step }) => step === 'loading')).toHaveLength(2)
    expect(story.state).toMatchObject({ staging: undefined, pending: [], serving: { number: 3 } })
  })

  test('a failed one makes way for the next', () => {
    const story = new Story().serve().signal('SIGHUP', 'SIGHUP').fail()
    expect(story.state.staging).toMatchObject({ number: 3, step: 'loading' })
  })

  test('one that is stuck half-way makes way for a newer one, also for one that waits already', () => {
    const story = new Story().serve().reload().spawn().signal('SIGHUP').ready(3)
    expect(story.state.staging?.number).toBe(2)
    story.exit(4, 1)
    expect(story.state.serving?.number).toBe(2)
    expect(story.state.staging).toMatchObject({ number: 3, step: 'loading' })
    expect(story.ages('ready')).toEqual([2, 3])
  })

  test('one that has not proven itself is not taken because another waits', () => {
    const story = new Story().serve().reload().spawn().signal('SIGHUP').exit(3, 1)
    expect(story.did('commit')).toEqual([])
    expect(story.exit(4, 3).state).toMatchObject({ serving: { number: 1 }, staging: { number: 3 } })
    expect(story.ages('ready')).toEqual([1, 2])
  })

  test('USR2 during a reload is done after it, whatever was asked between', () => {
    const story = new Story().serve().signal('SIGHUP', 'SIGUSR2', 'SIGHUP', 'SIGUSR2', 'SIGHUP')
    expect(story.state.pending).toEqual(['upgrade', 'reload'])
    expect(story.did('upgrade')).toEqual([])
    story.fail()
    expect(story.did('upgrade')).toHaveLength(1)
    expect(story.state.staging).toMatchObject({ number: 3, step: 'loading' })
  })

  test('changed files reload as HUP does', () => {
    const story = new Story().serve().tell({ type: 'changed', files: ['a.ts', 'b.ts'] })
    expect(story.state.staging?.step).toBe('loading')
    expect(story.logged(/a\.ts, b\.ts modified/)).toBe(true)
  })
})
