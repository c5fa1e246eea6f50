import { describe, expect, test } from 'vitest'
import { nextDeadline } from '../../../src/arbiter/deadlines.ts'
import { Story } from './story.ts'

describe('an upgrade', () => {
  test('starts a new master, one at a time', () => {
    const story = new Story().serve().signal('SIGUSR2', 'SIGUSR2')
    expect(story.did('upgrade')).toHaveLength(1)
    expect(story.logged(/USR2 signal ignored\. Child exists\./)).toBe(true)
    story.tell({ type: 'upgrade-ready' }).signal('SIGUSR2')
    expect(story.did('upgrade')).toHaveLength(1)
  })

  test('is refused by a master whose parent is there, until it is promoted', () => {
    const story = new Story({}, 'challenger').serve().signal('SIGUSR2')
    expect(story.did('upgrade')).toEqual([])
    expect(story.logged(/USR2 signal ignored\. Parent exists\./)).toBe(true)
    story.tell({ type: 'parent-gone' }).tell({ type: 'parent-gone' })
    expect(story.did('promote')).toHaveLength(1)
    expect(story.signal('SIGUSR2').did('upgrade')).toHaveLength(1)
  })

  test('asked for before the first generation serves waits for it', () => {
    const story = new Story().signal('SIGUSR2').start().signal('SIGUSR2').until('booting')
    expect(story.did('upgrade')).toEqual([])
    expect(story.boot().did('upgrade')).toHaveLength(1)
  })

  test('that is ready waits for its end without a deadline', () => {
    const story = new Story({ timeout: 0 }).serve().signal('SIGUSR2').tell({ type: 'upgrade-ready' })
    expect(story.logged(/new master is ready/)).toBe(true)
    expect(nextDeadline(story.state)).toBe(Number.POSITIVE_INFINITY)
  })

  test('that fails leaves this master serving, and can be tried again', () => {
    const story = new Story().serve().signal('SIGUSR2')
    story.tell({ type: 'upgrade-ended', message: 'it exited with 1' })
    expect(story.logged(/upgrade failed, this master serves on: it exited with 1/)).toBe(true)
    expect(story.ages('ready')).toEqual([1, 2])
    expect(story.signal('SIGUSR2').did('upgrade')).toHaveLength(2)
  })

  test('that is not ready in time is ended, again and again until it is gone', () => {
    const story = new Story({ timeout: 0 }).serve().signal('SIGUSR2').pass(119_999)
    expect(story.did('end-upgrade')).toEqual([])
    expect(story.pass(1).did('end-upgrade')).toHaveLength(1)
    expect(story.pass(60_000).did('end-upgrade')).toHaveLength(2)
    story.tell({ type: 'upgrade-ended', message: 'it was sent SIGKILL' })
    expect(story.state.upgrade.phase).toBe('none')
    expect(nextDeadline(story.state)).toBe(Number.POSITIVE_INFINITY)
  })

  test('is completed by TERM, which leaves the sockets to the new master', () => {
    const story = new Story().serve().signal('SIGUSR2').tell({ type: 'upgrade-ready' }).signal('SIGTERM')
    expect(story.did('close-listeners')).toEqual([{ do: 'close-listeners', shared: true }])
    expect(story.pass(100).leave().did('exit')).toEqual([{ do: 'exit', code: 0 }])
  })

  test('completed by TERM moves the clients of one worker after the other, within a second', () => {
    const story = new Story({ workers: 40 }).serve().signal('SIGUSR2').tell({ type: 'upgrade-ready' })
    story.signal('SIGTERM')
    expect(story.did('drain')).toHaveLength(1)
    expect(story.pass(24).did('drain')).toHaveLength(1)
    expect(story.pass(1).did('drain')).toHaveLength(2)
    expect(story.pass(975).did('drain')).toHaveLength(40)
    expect(story.leave().did('exit')).toEqual([{ do: 'exit', code: 0 }])
  })

  test('backed out by TERM to the new master moves its clients one worker after the other', () => {
    const story = new Story({}, 'challenger').serve().signal('SIGTERM')
    expect(story.did('drain')).toEqual([{ do: 'drain', age: 1 }])
    expect(story.pass(100).did('drain')).toHaveLength(2)
  })

  test('completed by TERM and then QUIT waits for nobody', () => {
    const story = new Story().serve().signal('SIGUSR2').tell({ type: 'upgrade-ready' })
    expect(story.signal('SIGTERM', 'SIGQUIT').kills()).toEqual(['1 SIGQUIT', '2 SIGQUIT'])
  })

  test('whose new master is not ready has the old one end at once, as there is nobody to go to', () => {
    const story = new Story().serve().signal('SIGUSR2', 'SIGTERM')
    expect(story.did('drain')).toHaveLength(2)
  })

  test('who waits for its turn to end has what is left of graceful_timeout', () => {
    const story = new Story({ gracefulTimeout: 5000 })
      .serve()
      .signal('SIGUSR2')
      .tell({ type: 'upgrade-ready' })
    expect(story.signal('SIGTERM').pass(4999).kills()).toEqual([])
    expect(story.pass(1).kills()).toEqual(['1 SIGQUIT', '2 SIGQUIT'])
  })

  test('is not ended for its slowness by a master that ends', () => {
    const story = new Story({ workers: 1, gracefulTimeout: 500_000 }).serve().signal('SIGUSR2', 'SIGTERM')
    expect(story.pass(400_000).did('end-upgrade')).toEqual([])
  })

  test('backed out after WINCH has the old workers back', () => {
    const story = new Story({ daemon: true }).serve().signal('SIGUSR2').tell({ type: 'upgrade-ready' })
    story.signal('SIGWINCH').leave()
    expect(story.state.workers).toEqual([])
    story.tell({ type: 'upgrade-ended', message: 'the new master exited with 0' })
    expect(story.did('workers-changed').at(-1)).toEqual({ do: 'workers-changed', now: 2, before: 0 })
    expect(story.boot().ages('ready')).toHaveLength(2)
  })

  test('backed out without WINCH changes no number of workers', () => {
    const story = new Story().serve().signal('SIGTTIN').boot().signal('SIGUSR2')
    story.tell({ type: 'upgrade-ready' }).tell({ type: 'upgrade-ended', message: 'it exited with 0' })
    expect(story.state.target).toBe(3)
  })

  test('backed out by HUP to the old master, then TERM to the new, serves all the while', () => {
    const story = new Story({ daemon: true }).serve().signal('SIGUSR2').tell({ type: 'upgrade-ready' })
    story.signal('SIGWINCH').leave().reload().boot()
    expect(story.ages('ready')).toHaveLength(2)
    story.tell({ type: 'upgrade-ended', message: 'it exited with 0' })
    expect(story.ages('ready')).toHaveLength(2)
    expect(story.state.upgrade.phase).toBe('none')
  })

  test('a challenger that is ended leaves the sockets to the old master', () => {
    const story = new Story({}, 'challenger').serve().signal('SIGTERM')
    expect(story.did('close-listeners')).toEqual([{ do: 'close-listeners', shared: true }])
    const promoted = new Story({}, 'challenger').serve().tell({ type: 'parent-gone' }).signal('SIGTERM')
    expect(promoted.did('close-listeners')).toEqual([{ do: 'close-listeners', shared: false }])
  })

  test('an end that nobody waits for is no news', () => {
    const story = new Story().serve().tell({ type: 'upgrade-ended', message: 'what?' })
    expect(story.tell({ type: 'upgrade-ready' }).take()).toEqual([])
    expect(story.state.upgrade.phase).toBe('none')
  })
})
