import { describe, expect, test } from 'vitest'
import { Story } from './story.ts'

const exits = (story: Story) => story.did('exit').map(({ code }) => code)

describe('a start', () => {
  test('goes through its steps in order, one at a time', () => {
    const story = new Story({ preload: true }).start().until('booting')
    expect(story.did('step').map(({ step, first }) => [step, first])).toEqual([
      ['preparing', true],
      ['opening', true],
      ['announcing', true],
      ['proving', true],
    ])
    expect(story.did('spawn')).toHaveLength(2)
  })

  test('proves nothing without preload_app', () => {
    const story = new Story().start().until('booting')
    expect(story.did('step').map(({ step }) => step)).toEqual(['preparing', 'opening', 'announcing'])
  })

  test('spawns nobody before the sockets are open and when_ready has run', () => {
    const story = new Story().start().until('announcing')
    expect(story.did('spawn')).toEqual([])
  })

  test('serves, and says so, when all workers are ready, and not before', () => {
    const story = new Story().start().until('booting').spawn().ready(1)
    expect(story.did('commit')).toEqual([])
    story.ready(2)
    expect(story.did('commit')).toEqual([{ do: 'commit', generation: 1, first: true }])
    expect(story.did('notify')).toEqual([{ do: 'notify', state: 'ready' }])
  })

  test('with no workers wanted serves at once', () => {
    const story = new Story({ workers: 0 }).start().until('booting')
    expect(story.state.serving?.number).toBe(1)
    expect(story.pass(100_000).did('spawn')).toEqual([])
  })

  test('answers to steps that are over are not heard', () => {
    const story = new Story().start().until('announcing')
    story.tell({ type: 'done', generation: 1, step: 'opening' })
    story.tell({ type: 'done', generation: 9, step: 'announcing' })
    story.tell({ type: 'failed', generation: 9, failure: { message: 'old', exit: 1 } })
    expect(story.state.staging?.step).toBe('announcing')
    story.succeed().fail()
    expect(story.state.staging?.step).toBe('booting')
  })

  test.each(['preparing', 'opening', 'announcing', 'proving'] as const)('ends when %s fails', (step) => {
    const story = new Story({ preload: true }).start()
    while (story.state.staging?.step !== step) story.succeed()
    story.fail({ exit: 4 })
    expect(story.did('exit')).toEqual([{ do: 'exit', code: 4, reason: { message: 'it broke', exit: 4 } }])
  })

  test.each(['preparing', 'opening', 'announcing', 'proving'] as const)(
    'ends when %s is never answered',
    (step) => {
      const story = new Story({ preload: true }).start()
      while (story.state.staging?.step !== step) story.succeed()
      expect(exits(story.pass(81_000))).toEqual([step === 'proving' ? 3 : 1])
    },
  )

  test('tries an address in use five times, a second apart, then ends with 1', () => {
    const story = new Story().start().until('opening')
    for (let attempt = 1; attempt < 5; attempt += 1) {
      story.fail({ retry: true })
      story.pass(999)
      expect(story.did('step').filter(({ step }) => step === 'opening')).toHaveLength(attempt)
      story.pass(1)
    }
    expect(exits(story)).toEqual([])
    expect(story.did('step').filter(({ step }) => step === 'opening')).toHaveLength(5)
    expect(exits(story.fail({ retry: true }))).toEqual([1])
  })

  test('goes on when the address becomes free', () => {
    const story = new Story().start().until('opening').fail({ retry: true }).pass(1000)
    expect(story.succeed().state.staging?.step).toBe('announcing')
  })

  test('does not try again what trying cannot mend', () => {
    expect(exits(new Story().start().until('opening').fail({ retry: false }))).toEqual([1])
  })

  test('ends when a hook throws before it serves', () => {
    const story = new Story().start().until('booting').spawn()
    story.tell({ type: 'hook-failed', failure: { message: 'pre_fork threw', exit: 1 } }).leave()
    expect(story.did('exit')).toEqual([
      { do: 'exit', code: 1, reason: { message: 'pre_fork threw', exit: 1 } },
    ])
  })

  test.each([3, 4])('ends with %d when a worker says so, all workers ended first', (code) => {
    const story = new Story().start().until('booting').spawn().exit(1, code)
    expect(story.kills()).toEqual(['2 SIGQUIT'])
    expect(exits(story)).toEqual([])
    expect(exits(story.exit(2))).toEqual([code])
  })

  test('ends once, with the first status, when all workers fail together', () => {
    const story = new Story({ workers: 3 }).start().until('booting').spawn().exit(1, 4).exit(2, 3).exit(3, 3)
    expect(exits(story)).toEqual([4])
  })

  test('a worker that never gets ready ends it with 3, even if it takes KILL', () => {
    const story = new Story({ workers: 1 }).start().until('booting').spawn().pass(60_000)
    expect(story.did('capture')).toEqual([{ do: 'capture', age: 1, why: 'boot_timeout' }])
    story.tell({ type: 'captured', age: 1 }).pass(1000)
    expect(story.kills()).toEqual(['1 SIGABRT', '1 SIGKILL'])
    expect(exits(story.exit(1, null, 'SIGKILL').spawn().leave())).toEqual([3])
  })

  test('ends with 3 after five rounds of deaths that tell nothing', () => {
    const story = new Story({ workers: 1 }).start().until('booting')
    for (let age = 1; age <= 4; age += 1) story.spawn().exit(age, 1).pass(1000)
    expect(exits(story)).toEqual([])
    expect(exits(story.spawn().exit(5, 1))).toEqual([3])
  })

  test('counts workers that die together as one round', () => {
    const story = new Story({ workers: 8 }).start().until('booting').spawn()
    for (const age of story.ages('booting')) story.exit(age, 1)
    expect(exits(story)).toEqual([])
    expect(story.pass(100).ages('spawning')).toHaveLength(8)
  })

  test('spawns that fail or are lost are charged to the same budget', () => {
    const story = new Story({ workers: 1 }).start().until('booting')
    for (let age = 1; age <= 4; age += 1)
      story.tell({ type: 'spawn-failed', age, message: 'EAGAIN' }).pass(1000)
    expect(exits(story)).toEqual([])
    expect(exits(story.pass(61_000))).toEqual([3])
  })

  test('waits for a pre_fork without a bound when hook_timeout is 0, and for many one after the other', () => {
    const hour = 3_600_000
    const patient = new Story({ workers: 1, hookTimeout: 0 }).start().until('booting').pass(hour)
    expect(patient.ages('spawning')).toEqual([1])
    const many = new Story({ workers: 20, hookTimeout: 1000 }).start().until('booting').pass(20_000)
    expect(many.ages('spawning')).toHaveLength(20)
  })

  test('does not end any more once a worker has served: others are tried again', () => {
    const story = new Story().start().until('booting').spawn().ready(1)
    for (let round = 0; round < 10; round += 1) {
      for (const age of story.ages('booting')) story.exit(age, 3)
      story.pass(30_000).spawn()
    }
    story.exit(1, 1).spawn()
    for (const age of story.ages('booting')) story.exit(age, 3)
    expect(exits(story)).toEqual([])
    expect(story.state.serving?.number).toBe(1)
  })

  test('does not end either when the one that served hangs', () => {
    const story = new Story({ timeout: 5000 }).start().until('booting').spawn().ready(1)
    story.silent.add(1)
    story.pass(5000)
    expect(story.ages('capturing')).toEqual([1])
    expect(story.exit(2, 4).did('exit')).toEqual([])
    story.exit(1, null, 'SIGABRT')
    expect(story.state.serving?.number).toBe(1)
  })

  test('TTIN and TTOU count from the first moment', () => {
    const story = new Story().start().signal('SIGTTIN', 'SIGTTIN', 'SIGTTOU').until('booting').boot()
    expect(story.ages('ready')).toHaveLength(3)
    expect(story.state.serving?.number).toBe(1)
  })

  test('a HUP before it serves is done after it, once', () => {
    const story = new Story().signal('SIGHUP').start().signal('SIGHUP', 'SIGHUP').until('booting')
    expect(story.did('step').some(({ step }) => step === 'loading')).toBe(false)
    story.boot()
    expect(story.state.serving?.number).toBe(1)
    expect(story.state.staging).toMatchObject({ number: 2, step: 'loading' })
    story.until('booting').boot()
    expect(story.state.staging).toBeUndefined()
  })

  test('TERM before it has begun ends with 0', () => {
    expect(exits(new Story().signal('SIGTTIN', 'SIGTERM'))).toEqual([0])
  })
})
