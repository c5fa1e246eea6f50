import { describe, expect, test } from 'vitest'
import { nextDeadline } from '../../../src/arbiter/deadlines.ts'
import { backOff } from '../../../src/arbiter/restarts.ts'
import { Story } from './story.ts'

const drained = (story: Story) => story.did('drain').map(({ age }) => age)

describe('the number of workers', () => {
  test('grows by one with TTIN, without a ceiling, and tells the hook', () => {
    const story = new Story().serve().signal('SIGTTIN', 'SIGTTIN')
    expect(story.did('workers-changed')).toEqual([
      { do: 'workers-changed', now: 3, before: 2 },
      { do: 'workers-changed', now: 4, before: 3 },
    ])
    for (let count = 0; count < 10; count += 1) story.signal('SIGTTIN')
    expect(story.boot().ages('ready')).toHaveLength(14)
  })

  test('shrinks by one with TTOU, the oldest first, never below one', () => {
    const story = new Story().serve().signal('SIGTTOU')
    expect(drained(story)).toEqual([1])
    story.take()
    expect(story.leave().signal('SIGTTOU', 'SIGTTOU').take()).toEqual([])
    expect(story.ages('ready')).toEqual([2])
  })

  test('stays zero under TTOU when no workers are wanted', () => {
    const story = new Story({ workers: 0 }).start().until('booting').signal('SIGTTOU')
    expect(story.state.target).toBe(0)
  })

  test('is zero after WINCH when daemonized', () => {
    const story = new Story({ daemon: true }).serve().signal('SIGWINCH')
    expect(drained(story)).toEqual([1, 2])
    expect(story.leave().pass(100_000).state.workers).toEqual([])
    expect(story.did('exit')).toEqual([])
  })

  test('is not touched by WINCH in a terminal', () => {
    const story = new Story().serve().signal('SIGWINCH')
    expect(story.logged(/SIGWINCH ignored\. Not daemonized/)).toBe(true)
    expect(story.take()).toEqual([])
  })

  test('TTIN during back-off waits for it', () => {
    const story = new Story().serve().signal('SIGTTIN').spawn().exit(3, 1).signal('SIGTTIN')
    expect(story.ages('spawning')).toEqual([])
    expect(story.pass(100).ages('spawning')).toEqual([4, 5])
  })

  test('USR1 reopens the logs and does nothing else', () => {
    expect(new Story().serve().signal('SIGUSR1').take()).toEqual([{ do: 'reopen-logs' }])
  })

  test('slots are used again, ages never', () => {
    const story = new Story().serve().exit(1, 1)
    expect(story.did('spawn')).toEqual([{ do: 'spawn', role: 'worker', age: 3, generation: 1, slot: 0 }])
  })
})

describe('a worker that comes later', () => {
  const shared = (story: Story) => story.did('share').map(({ age, of }) => ({ age, of }))

  test('has each colleague let its part of the clients go', () => {
    const story = new Story({ workers: 3 }).serve()
    story.take()
    expect(shared(story.exit(2, 1).boot())).toEqual([
      { age: 1, of: 3 },
      { age: 3, of: 3 },
    ])
  })

  test('asks nothing at a start, nor of the generation that it replaces', () => {
    const story = new Story().serve()
    expect(shared(story)).toEqual([])
    story.signal('SIGHUP').until('booting').boot()
    expect(shared(story)).toEqual([{ age: 3, of: 2 }])
  })
})

describe('a worker that dies', () => {
  test('is replaced in the same turn', () => {
    expect(new Story().serve().exit(2, 1).did('spawn')).toHaveLength(1)
  })

  test('by a signal is told in the words of Gunicorn', () => {
    const story = new Story().serve().exit(1, null, 'SIGKILL').exit(2, 7)
    expect(story.logged(/^Worker \(pid:101\) was sent SIGKILL! Perhaps out of memory\?$/)).toBe(true)
    expect(story.logged(/^Worker \(pid:102\) exited with code 7\.$/)).toBe(true)
    expect(story.did('log').map(({ level }) => level)).toEqual(['error', 'error'])
  })

  test('has signal or exit_code in its log line: code is what errors have', () => {
    const story = new Story().serve().exit(1, null, 'SIGKILL').exit(2, 7)
    expect(story.did('log').map(({ facts }) => facts)).toEqual([
      { pid: 101, age: 1, signal: 'SIGKILL' },
      { pid: 102, age: 2, exit_code: 7 },
    ])
  })

  test.each([
    [130, 'SIGINT', 'info'],
    [143, 'SIGTERM', 'info'],
    [131, 'SIGQUIT', 'warning'],
  ])('with %i while it boots was sent %s, and is no error', (status, signal, level) => {
    const story = new Story().serve().signal('SIGTTIN').spawn()
    story.take()
    story.exit(3, status).exit(1, status)
    expect(story.logged(new RegExp(`^Worker \\(pid:103\\) was sent ${signal}!$`))).toBe(true)
    // One that serves has a status of its own.
    expect(story.logged(new RegExp(`^Worker \\(pid:101\\) exited with code ${status}\\.$`))).toBe(true)
    expect(story.did('log').map((effect) => effect.level)).toEqual([level, 'error'])
  })

  test('with 3 or 4 under a serving master ends nobody else', () => {
    const story = new Story().serve().exit(1, 3).exit(2, 4)
    expect(story.did('exit')).toEqual([])
    expect(story.boot().ages('ready')).toHaveLength(2)
  })

  test('right after it was ready counts as one that did not boot', () => {
    const story = new Story().serve().exit(1, 1).boot().exit(3, 1)
    expect(story.state.crashes.count).toBe(1)
    expect(story.ages('spawning')).toEqual([])
  })

  test('before its spawn was reported counts too, and its spawn comes too late', () => {
    const story = new Story().serve().exit(1, 1).exit(3, 1)
    expect(story.state.crashes.count).toBe(1)
    story.tell({ type: 'spawned', age: 3, pid: 103 })
    expect(story.state.workers).toHaveLength(1)
  })

  test('that nobody knows is no news', () => {
    expect(new Story().serve().exit(99, 1).take()).toEqual([])
  })

  test('at boot again and again is waited for, twice as long each time, and never given up', () => {
    const story = new Story({ workers: 1 }).serve().exit(1, 1)
    const waits: number[] = []
    for (let age = 2; age < 16; age += 1) {
      story.spawn().exit(age, 3)
      const wait = nextDeadline(story.state) - story.now
      waits.push(wait)
      story.pass(wait)
    }
    for (const [index, wait] of waits.entries()) {
      const longest = Math.min(30_000, 100 * 2 ** index)
      expect(wait).toBeGreaterThanOrEqual(longest / 2 - 1e-6)
      expect(wait).toBeLessThanOrEqual(longest + 1e-6)
    }
    expect(story.did('exit')).toEqual([])
    expect(story.boot().ages('ready')).toHaveLength(1)
  })

  test('after others have served again starts the back-off anew', () => {
    const story = new Story().serve().exit(1, 1)
    for (let age = 3; age < 8; age += 1) story.spawn().exit(age, 1).pass(5000)
    expect(story.state.crashes.count).toBe(5)
    story.boot().pass(1000).signal('SIGTTIN').spawn().exit(9, 1)
    expect(story.state.crashes.count).toBe(1)
  })

  test('after it served starts the back-off anew', () => {
    const story = new Story({ workers: 1 }).serve().exit(1, 1).spawn().exit(2, 1).pass(100)
    story.boot().pass(1000).exit(3, 1)
    expect(story.state.crashes.count).toBe(0)
    expect(story.ages('spawning')).toEqual([4])
  })

  test('sixteen at a time do not make the first wait long', () => {
    const story = new Story({ workers: 16 }).serve()
    for (const age of story.ages('ready')) story.exit(age, 1)
    story.spawn()
    for (const age of story.ages('booting')) story.exit(age, 3)
    expect(nextDeadline(story.state) - story.now).toBeLessThanOrEqual(100)
  })

  test('the wait is between half and all of 0.1 s doubled up to 30 s', () => {
    expect([backOff(1, 0), backOff(1, 1), backOff(4, 1)]).toEqual([50, 100, 800])
    expect([backOff(50, 0), backOff(5000, 1)]).toEqual([15_000, 30_000])
  })
})

describe('recycling', () => {
  test.each(['max_requests', 'max_worker_memory', 'max_worker_lifetime'] as const)(
    'for %s has the successor ready before the old one drains',
    (reason) => {
      const story = new Story().serve().tell({ type: 'recycle', age: 1, reason })
      expect(drained(story)).toEqual([])
      expect(story.ages('spawning')).toEqual([3])
      expect(drained(story.boot())).toEqual([1])
      expect(story.exit(1).ages('ready')).toEqual([2, 3])
      expect(story.ages('spawning')).toEqual([])
    },
  )

  test('takes one at a time of few', () => {
    const story = new Story({ workers: 4 }).serve()
    for (const age of [1, 2, 3, 4]) story.tell({ type: 'recycle', age, reason: 'max_requests' })
    for (const old of [1, 2, 3, 4]) {
      expect(story.ages('spawning')).toHaveLength(1)
      story.spawn().ready(story.ages('booting')[0] ?? 0)
      expect(drained(story).at(-1)).toBe(old)
    }
    expect(story.leave().ages('ready')).toEqual([5, 6, 7, 8])
  })

  test('takes one in ten of many', () => {
    const story = new Story({ workers: 30 }).serve()
    for (const age of story.ages('ready')) story.tell({ type: 'recycle', age, reason: 'max_requests' })
    expect(story.ages('spawning')).toHaveLength(3)
  })

  test('asked twice is done once', () => {
    const story = new Story().serve()
    for (const reason of ['max_requests', 'max_worker_memory'] as const)
      story.tell({ type: 'recycle', age: 1, reason })
    expect(story.did('spawn')).toHaveLength(1)
  })

  test('keeps the old worker while the successor cannot boot', () => {
    const story = new Story({ workers: 1 }).serve().tell({ type: 'recycle', age: 1, reason: 'max_requests' })
    for (let age = 2; age < 10; age += 1) story.spawn().exit(age, 4).pass(30_000)
    expect(story.ages('leaving')).toEqual([1])
    expect(drained(story)).toEqual([])
  })

  test('comes by itself when the lifetime is over, jittered', () => {
    const story = new Story({ workers: 1, lifetime: 60_000, lifetimeJitter: 10_000 }).serve()
    expect(story.pass(57_000).ages('ready')).toEqual([1])
    expect(story.pass(13_000).ages('leaving')).toEqual([1])
    expect(story.logged(/Autorestarting worker \(pid: 101\): max_worker_lifetime reached/)).toBe(true)
    expect(drained(story.boot())).toEqual([1])
  })
})

describe('a silent worker', () => {
  const silence = (story: Story, age: number) => {
    story.silent.add(age)
    // The last beat was two seconds ago, when it got ready.
    return story.pass(28_000)
  }

  test('has its stack taken, is aborted, killed, and replaced at once', () => {
    const story = silence(new Story().serve(), 1)
    expect(story.did('capture')).toEqual([{ do: 'capture', age: 1, why: 'timeout' }])
    expect(story.logged(/WORKER TIMEOUT \(pid:101\)/)).toBe(true)
    expect(story.ages('spawning')).toEqual([3])
    expect(story.kills()).toEqual([])
    expect(story.tell({ type: 'captured', age: 1 }).kills()).toEqual(['1 SIGABRT'])
    expect(story.pass(1000).kills()).toEqual(['1 SIGABRT', '1 SIGKILL'])
    expect(story.exit(1, null, 'SIGKILL').state.workers).toHaveLength(2)
    expect(story.did('spawn')).toHaveLength(1)
  })

  test('whose stack cannot be taken is aborted all the same', () => {
    expect(silence(new Story().serve(), 1).pass(1800).kills()).toEqual(['1 SIGABRT'])
  })

  test('is killed again as long as it lives', () => {
    const story = silence(new Story().serve(), 1).pass(14_000)
    expect(story.kills()).toEqual(['1 SIGABRT', '1 SIGKILL', '1 SIGKILL', '1 SIGKILL'])
  })

  test('is killed without ABRT when abort_timeout is 0', () => {
    const story = silence(new Story({ abortTimeout: 0 }).serve(), 1).tell({ type: 'captured', age: 1 })
    expect(story.kills()).toEqual(['1 SIGKILL'])
  })

  test('is left alone with timeout 0, and one that beats always', () => {
    expect(
      silence(new Story({ timeout: 0 }).serve(), 1)
        .pass(1_000_000)
        .take(),
    ).toEqual([])
    expect(new Story().serve().pass(1_000_000).take()).toEqual([])
  })

  test('is not one whose slot still holds the beat of the worker before', () => {
    const story = new Story({ workers: 1 }).serve()
    story.now = 20_000
    story.tell({ type: 'tick', beats: new Map([[1, 15_000]]) })
    story.tell({ type: 'tick', beats: new Map([[1, 3]]) })
    expect(nextDeadline(story.state)).toBe(45_000)
    expect(story.did('capture')).toEqual([])
  })

  test('that is leaving is judged too', () => {
    const story = new Story().serve().tell({ type: 'recycle', age: 1, reason: 'max_requests' })
    expect(silence(story, 1).did('capture')).toHaveLength(1)
  })

  test('that hangs at boot under a serving master is replaced, and the master serves on', () => {
    const story = new Story().serve().signal('SIGTTIN').spawn().pass(60_000)
    expect(story.did('capture')).toEqual([{ do: 'capture', age: 3, why: 'boot_timeout' }])
    story.pass(2500).exit(3, null, 'SIGKILL')
    expect(story.state.crashes.count).toBe(1)
    expect(story.pass(100).boot().ages('ready')).toHaveLength(3)
  })

  test('a hook that throws later stops nothing', () => {
    const story = new Story().serve()
    story.tell({ type: 'hook-failed', failure: { message: 'post_fork threw', exit: 1 } })
    expect(story.take()).toEqual([])
  })
})

describe('a master that was suspended', () => {
  test('counts silence anew: nobody is harmed by its own sleep', () => {
    const story = new Story().serve()
    story.now += 3_600_000
    story.tell({ type: 'tick', beats: new Map() })
    expect(story.take()).toEqual([])
    expect(nextDeadline(story.state)).toBe(story.now + 30_000)
  })

  test('hears what was answered meanwhile before it judges who booted or drained too long', () => {
    const story = new Story().serve().signal('SIGTTOU', 'SIGTTIN', 'SIGHUP').spawn()
    story.take()
    story.now += 3_600_000
    story.tick()
    expect(story.take()).toEqual([])
    story.exit(1).ready(3).tell({ type: 'loaded', generation: 2, policy: story.policy }).pass(2000)
    expect(story.kills()).toEqual([])
    expect(story.state.staging?.step).toBe('opening')
  })

  test('gives a new master the same second', () => {
    const story = new Story({ timeout: 0 }).serve().signal('SIGUSR2')
    story.now += 3_600_000
    expect(story.tick().did('end-upgrade')).toEqual([])
    expect(story.pass(1000).did('end-upgrade')).toHaveLength(1)
  })

  test('judges them a second later', () => {
    const story = new Story().serve().signal('SIGTTIN').spawn()
    story.now += 3_600_000
    expect(story.tick().did('capture')).toEqual([])
    expect(story.pass(1000).did('capture')).toEqual([{ do: 'capture', age: 3, why: 'boot_timeout' }])
  })
})
