import { describe, expect, test } from 'vitest'
import { Story } from './story.ts'

describe('who boots while others serve', () => {
  test('is one of as many as may boot at a time; the next begins when one is ready', () => {
    const story = new Story({ workers: 4, boots: 2 }).serve().reload().spawn()
    expect(story.ages('booting')).toEqual([5, 6])
    expect(story.ready(6).ages('spawning')).toEqual([7])
    expect(story.spawn().ready(5).ages('spawning')).toEqual([8])
    expect(story.boot().leave().ages('ready')).toEqual([5, 6, 7, 8])
  })

  test('keeps the next one waiting for a second at most', () => {
    const story = new Story({ workers: 3, boots: 1 }).serve().reload().spawn()
    expect(story.pass(999).ages('spawning')).toEqual([])
    expect(story.pass(1).ages('spawning')).toEqual([5])
    // The one before still boots, and is not counted again.
    expect(story.spawn().pass(1000).ages('spawning')).toEqual([6])
  })

  test('may be a front as well as a worker: both are counted', () => {
    const story = new Story({ workers: 2, fronts: 1, boots: 1 }).serve().reload()
    expect(story.of('spawning')).toHaveLength(1)
    expect(story.boot().leave().of('ready')).toHaveLength(3)
  })

  test('boots beside the others without a limit', () => {
    expect(new Story({ workers: 4 }).serve().reload().ages('spawning')).toEqual([5, 6, 7, 8])
  })

  test('boots after the others when more are wanted, and when several have died', () => {
    const more = new Story({ workers: 2, boots: 1 }).serve().signal('SIGTTIN', 'SIGTTIN')
    expect(more.ages('spawning')).toEqual([3])
    const fewer = new Story({ workers: 3, boots: 1 })
      .serve()
      .exit(1, null, 'SIGKILL')
      .exit(2, null, 'SIGKILL')
    expect(fewer.ages('spawning')).toEqual([4])
    expect(fewer.boot().ages('ready')).toEqual([3, 4, 5])
  })
})

test('where nobody serves all boot at once: at a start, and when all have died', () => {
  expect(new Story({ workers: 4, boots: 1 }).start().until('booting').ages('spawning')).toEqual([1, 2, 3, 4])
  const dead = new Story({ workers: 2, boots: 1 }).serve().exit(1, null, 'SIGKILL').exit(2, null, 'SIGKILL')
  expect(dead.ages('spawning')).toEqual([3, 4])
})

test('the workers of a new master boot as if its own served: those of the old one do', () => {
  const story = new Story({ workers: 2, boots: 1 }, 'challenger').start().until('booting')
  expect(story.ages('spawning')).toEqual([1])
})
