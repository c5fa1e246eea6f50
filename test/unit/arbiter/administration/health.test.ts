import { describe, expect, test } from 'vitest'
import { healthOf } from '../../../../src/arbiter/administration/health.ts'
import type { State } from '../../../../src/arbiter/state.ts'
import { Story } from '../story.ts'

const beating = (story: Story, ages?: readonly number[]) =>
  healthOf(story.state, ({ age }) => (ages?.includes(age) === false ? 0 : story.now), story.now)
const none = (state: State, now: number) => healthOf(state, () => 0, now)

describe('alive', () => {
  test('is a server whose workers beat, one at least', () => {
    const story = new Story({ timeout: 5000 }).serve()
    story.now += 60_000
    expect(beating(story, [2]).alive).toBe(true)
    expect(none(story.state, story.now)).toMatchObject({ alive: false, ready: true })
  })

  test('needs no beats without a timeout, nor in the time that a fresh worker has', () => {
    const story = new Story({ timeout: 0 }).serve()
    expect(none(story.state, story.now + 1e6).alive).toBe(true)
    const fresh = new Story({ timeout: 5000 }).serve()
    expect(none(fresh.state, fresh.now + 2500).alive).toBe(true)
  })

  test('is a master that ends, as long as one finishes and beats; and none that starts', () => {
    const story = new Story().serve().signal('SIGTERM')
    expect(beating(story).alive).toBe(true)
    expect(beating(new Story().start().until('booting').spawn()).alive).toBe(false)
  })
})

describe('ready', () => {
  test('is a generation that serves, until TERM arrives', () => {
    const story = new Story({ lameDuck: 5000 }).start().until('booting').spawn().ready(1)
    expect(beating(story)).toMatchObject({ ready: false, why: 'no generation serves yet' })
    expect(beating(story.ready(2))).toEqual({ alive: true, ready: true, why: 'well' })
    expect(beating(story.signal('SIGTERM'))).toMatchObject({ ready: false, why: 'the master ends' })
  })

  test('stays during a reload, and during a failed one', () => {
    const story = new Story().serve().reload()
    expect(beating(story).ready).toBe(true)
    expect(beating(story.spawn().exit(3, 3)).ready).toBe(true)
  })

  test('behind fronts needs a front and a worker', () => {
    const story = new Story({ workers: 1, fronts: 1 }).serve()
    expect(beating(story).ready).toBe(true)
    expect(beating(story.exit(2, null, 'SIGKILL'))).toMatchObject({ ready: false, why: 'no front is ready' })
    expect(beating(story.boot().exit(1, null, 'SIGKILL')).why).toBe('no worker is ready')
  })
})
