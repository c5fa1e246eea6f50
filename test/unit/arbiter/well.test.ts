import { expect, test } from 'vitest'
import { isWell } from '../../../src/arbiter/well.ts'
import { Story } from './story.ts'

/** Whether the watchdog would be fed when the workers' last beats were so many milliseconds ago, by age. */
const wellWith = (story: Story, ...silences: readonly (number | undefined)[]): boolean => {
  const beats = silences.flatMap((silence, at): [number, number][] =>
    silence === undefined ? [] : [[at + 1, story.now - silence]],
  )
  return isWell(story.state, new Map(beats), story.now)
}

test('one worker that beats is enough; none within its timeout is a master to be started anew', () => {
  const story = new Story({ timeout: 30_000 }).serve()
  story.now += 60_000
  expect(wellWith(story, 100_000, 29_000)).toBe(true)
  expect(wellWith(story, 100_000, 30_001)).toBe(false)
  expect(wellWith(story)).toBe(false)
})

test('a worker that has just got ready has not been silent', () => {
  const story = new Story({ timeout: 30_000 }).serve()
  expect(wellWith(story)).toBe(true)
})

test('without a timeout silence is no reason', () => {
  const story = new Story({ timeout: 0 }).serve()
  story.now += 1_000_000
  expect(wellWith(story)).toBe(true)
})

test('workers that never come back are a reason, timeout or none', () => {
  const story = new Story({ timeout: 0 }).serve()
  for (const { age } of story.state.workers) story.exit(age, 1)
  expect(wellWith(story)).toBe(false)
})

test('who starts, who has no workers by order, and who ends is well', () => {
  const starting = new Story().start()
  expect(wellWith(starting)).toBe(true)
  const idle = new Story({ daemon: true }).serve().signal('SIGWINCH').leave()
  expect([idle.state.target, idle.state.workers.length]).toEqual([0, 0])
  expect(wellWith(idle)).toBe(true)
  const ending = new Story().serve().signal('SIGTERM').leave()
  expect(wellWith(ending)).toBe(true)
})
