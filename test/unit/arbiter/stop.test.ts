import { describe, expect, test } from 'vitest'
import { nextDeadline } from '../../../src/arbiter/deadlines.ts'
import { Story } from './story.ts'

describe('TERM', () => {
  test('says so, closes the listeners, drains everybody, and exits with 0 when they are gone', () => {
    const story = new Story().serve().signal('SIGTERM')
    expect(story.take()).toEqual([
      { do: 'notify', state: 'stopping' },
      { do: 'close-listeners', shared: false },
      { do: 'drain', age: 1 },
      { do: 'drain', age: 2 },
    ])
    expect(story.exit(1).take()).toEqual([])
    expect(story.exit(2).take()).toEqual([{ do: 'exit', code: 0 }])
  })

  test('gives a drain graceful_timeout, then QUIT, then KILL', () => {
    const story = new Story({ workers: 1 }).serve().signal('SIGTERM').pass(29_999)
    expect(story.kills()).toEqual([])
    expect(story.pass(1).kills()).toEqual(['1 SIGQUIT'])
    expect(story.logged(/did not finish in graceful_timeout/)).toBe(true)
    expect(story.pass(2000).kills()).toEqual(['1 SIGQUIT', '1 SIGKILL'])
    expect(story.exit(1, null, 'SIGKILL').did('exit')).toEqual([{ do: 'exit', code: 0 }])
  })

  test('with graceful_timeout 0 ends workers at once', () => {
    const story = new Story({ gracefulTimeout: 0 }).serve().signal('SIGTERM')
    expect(story.kills()).toEqual(['1 SIGQUIT', '2 SIGQUIT'])
  })

  test('replaces nobody who dies meanwhile, and hears nothing else', () => {
    const story = new Story().serve().signal('SIGTERM').exit(1, 1)
    story.take()
    story.signal('SIGTERM', 'SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR2', 'SIGWINCH')
    story.tell({ type: 'changed', files: ['app.ts'] })
    story.tell({ type: 'recycle', age: 2, reason: 'max_requests' })
    expect(story.pass(5000).take()).toEqual([])
  })

  test('ends at once who is in the ladder already; who boots may serve in this moment, and has little time', () => {
    const story = new Story().serve().signal('SIGTTIN').spawn()
    story.silent.add(1)
    story.pass(28_000).signal('SIGTTIN')
    expect(story.ages('capturing', 'ready', 'booting', 'spawning')).toEqual([1, 2, 3, 4, 5])
    story.take()
    expect(story.signal('SIGTERM').kills()).toEqual(['1 SIGQUIT'])
    expect(story.did('forget').map(({ age }) => age)).toEqual([4, 5])
    expect(story.did('drain').map(({ age }) => age)).toEqual([2, 3])
    story.tell({ type: 'spawned', age: 4, pid: 104 }).ready(4).ready(3)
    expect(story.leave().did('exit')).toHaveLength(1)
  })

  test('hears nothing after the exit, and waits for nothing', () => {
    const story = new Story().serve().signal('SIGUSR2', 'SIGTERM').leave()
    story.take()
    story.signal('SIGTERM', 'SIGINT', 'SIGHUP').exit(1).start().tick()
    expect(story.take()).toEqual([])
    expect(nextDeadline(story.state)).toBe(Number.POSITIVE_INFINITY)
  })

  const steps = ['loading', 'opening', 'announcing', 'proving', 'booting'] as const
  test.each(steps)('during a reload at %s drops the reload and drains', (step) => {
    const story = new Story({ preload: true }).serve().signal('SIGHUP', 'SIGHUP')
    while (story.state.staging?.step !== step) story.succeed()
    story.take()
    story.signal('SIGTERM')
    expect(story.did('drain').map(({ age }) => age)).toEqual([1, 2])
    story.tell({ type: 'loaded', generation: 2, policy: story.policy })
    for (const done of steps) story.tell({ type: 'done', generation: 2, step: done })
    story.tell({ type: 'failed', generation: 2, failure: { message: 'late', exit: 1 } })
    expect(story.did('step')).toEqual([])
    expect(story.leave().did('exit')).toEqual([{ do: 'exit', code: 0 }])
  })

  test('during a reload half-way drains the old and the new', () => {
    const story = new Story().serve().reload().spawn().ready(3).signal('SIGTERM')
    expect(story.ages('retiring')).toEqual([1, 2, 3])
    expect(story.ages('dismissed')).toEqual([4])
    // Its word that it is ready was on the way: it has served, and has the time of those who do.
    story.take()
    expect(story.ready(4).ages('retiring')).toEqual([1, 2, 3, 4])
    expect(story.did('drain')).toEqual([{ do: 'drain', age: 4 }])
    expect(story.pass(2000).kills()).toEqual([])
  })

  test.each(['preparing', 'opening', 'announcing', 'proving'] as const)('at %s of a start exits', (step) => {
    const story = new Story({ preload: true }).start()
    while (story.state.staging?.step !== step) story.succeed()
    expect(story.signal('SIGTERM').did('exit')).toEqual([{ do: 'exit', code: 0 }])
  })

  test('during a first start gives a worker that gets ready in this moment its graceful_timeout', () => {
    const story = new Story().start().until('booting').spawn().signal('SIGTERM').ready(1).ready(2)
    expect(story.ages('retiring')).toEqual([1, 2])
    expect(story.pass(29_000).kills()).toEqual([])
    expect(story.pass(1000).kills()).toEqual(['1 SIGQUIT', '2 SIGQUIT'])
  })

  test('while an address is tried again exits', () => {
    const story = new Story().start().until('opening').fail({ retry: true }).signal('SIGTERM')
    expect(story.pass(5000).did('exit')).toEqual([{ do: 'exit', code: 0 }])
  })

  test('while the first workers boot gives those that serve already their graceful_timeout', () => {
    const story = new Story().start().until('booting').spawn().ready(1).signal('SIGTERM')
    expect(story.did('drain').map(({ age }) => age)).toEqual([1, 2])
    expect(story.pass(29_000).kills()).toEqual(['2 SIGQUIT', '2 SIGKILL', ...Array(5).fill('2 SIGKILL')])
    expect(story.leave().did('exit')).toEqual([{ do: 'exit', code: 0 }])
  })
})

describe('INT and QUIT', () => {
  test.each(['SIGINT', 'SIGQUIT'] as const)('%s ends workers at once, then kills them', (signal) => {
    const story = new Story({ workers: 1 }).serve().signal(signal)
    expect(story.kills()).toEqual(['1 SIGQUIT'])
    expect(story.pass(2000).kills()).toEqual(['1 SIGQUIT', '1 SIGKILL'])
    expect(story.exit(1, null, 'SIGKILL').did('exit')).toEqual([{ do: 'exit', code: 0 }])
  })

  test('overtake a TERM that drains; a TERM does not slow them', () => {
    const story = new Story().serve().signal('SIGTERM', 'SIGINT')
    expect(story.kills()).toEqual(['1 SIGQUIT', '2 SIGQUIT'])
    expect(story.logged(/Quick shutdown requested/)).toBe(true)
    story.take()
    expect(story.signal('SIGTERM', 'SIGQUIT').take()).toEqual([])
    expect(story.leave().did('exit')).toHaveLength(1)
  })

  test('tell nothing to workers that were told to quit, or killed, before', () => {
    const story = new Story().serve().signal('SIGTTIN').spawn().signal('SIGTERM').pass(4000)
    expect(story.ages('killed')).toEqual([3])
    story.take()
    expect(story.signal('SIGINT').kills()).toEqual(['1 SIGQUIT', '2 SIGQUIT'])
    expect(story.ages('killed')).toEqual([3])
  })

  test('keep the status of a start that failed', () => {
    const story = new Story().start().until('booting').spawn().exit(1, 4).signal('SIGINT').leave()
    expect(story.did('exit').map(({ code }) => code)).toEqual([4])
  })
})

describe('a lame duck', () => {
  const lame = (change = {}) => new Story({ lameDuck: 10_000, ...change }).serve()

  test('says that it ends, serves on, then stops gracefully', () => {
    const story = lame().signal('SIGTERM').pass(9999)
    expect(story.take()).toEqual([{ do: 'notify', state: 'stopping' }])
    expect(story.pass(1).take()).toEqual([
      { do: 'close-listeners', shared: false },
      { do: 'drain', age: 1 },
      { do: 'drain', age: 2 },
    ])
  })

  test('replaces who dies', () => {
    expect(lame().signal('SIGTERM').exit(1, 1).boot().ages('ready')).toHaveLength(2)
  })

  test('begins no reload and no upgrade, and is not told twice', () => {
    const story = lame().signal('SIGTERM')
    story.take()
    story.signal('SIGTERM', 'SIGHUP', 'SIGUSR2').tell({ type: 'changed', files: ['app.ts'] })
    expect(story.take()).toEqual([])
  })

  test('finishes a reload under way without saying that it is ready', () => {
    const story = lame().reload().signal('SIGTERM')
    story.take()
    story.boot()
    expect(story.did('commit')).toHaveLength(1)
    expect(story.did('notify')).toEqual([])
  })

  test('that is due with a step of a reload stops, and the reload goes no further', () => {
    const story = lame().signal('SIGHUP').until('opening').pass(9500).fail({ retry: true })
    story.signal('SIGTERM')
    story.take()
    story.now = nextDeadline(story.state) + 10_000
    story.tick()
    expect(story.did('step')).toEqual([])
    expect(story.state.staging).toBeUndefined()
    expect(story.state.mode.phase).toBe('stopping')
  })

  test('is overtaken by INT', () => {
    const story = lame().signal('SIGTERM')
    story.take()
    expect(story.signal('SIGINT').kills()).toEqual(['1 SIGQUIT', '2 SIGQUIT'])
    expect(story.did('notify')).toEqual([])
  })
})
