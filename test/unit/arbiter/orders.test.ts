/** Orders: granted or refused in the turn that judges them, with the effects that signals have. */
import { describe, expect, test } from 'vitest'
import type { Granted } from '../../../src/control/administration.ts'
import { Story } from './story.ts'

const why = (granted: Granted): string => (granted.ok ? '' : granted.why)
const drained = (story: Story) => story.did('drain').map(({ age }) => age)

describe('reload', () => {
  test('names the generation that it leads to, also when it has to wait', () => {
    const story = new Story().serve()
    expect(story.order({ do: 'reload' })).toEqual({ ok: true, facts: { generation: 2, postponed: false } })
    expect(story.state.staging?.number).toBe(2)
    expect(story.logged(/^Hang up: Master$/)).toBe(true)
    const later = { ok: true, facts: { generation: 3, postponed: true } }
    expect(story.order({ do: 'reload' })).toEqual(later)
    expect(story.order({ do: 'reload' })).toEqual(later)
    story.until('booting').boot()
    expect(story.state.staging?.number).toBe(3)
  })

  test('is refused by a master that ends, or is a lame duck', () => {
    const story = new Story({ lameDuck: 5000 }).serve().signal('SIGTERM')
    expect(story.order({ do: 'reload' })).toMatchObject({ ok: false })
    expect(story.did('step')).toEqual([])
  })

  test('that fails is discarded with what the worker said of why', () => {
    const story = new Story().serve().reload().spawn()
    const said = { message: 'No module named x', detail: 'Traceback' }
    story.tell({ type: 'exited', age: 3, code: 3, signal: null, said })
    expect(story.did('discard')).toMatchObject([{ generation: 2, failure: { said } }])
  })
})

describe('scale', () => {
  test('goes to a number or by one, as TTIN and TTOU do, and a reload returns to the setting', () => {
    const story = new Story().serve()
    expect(story.order({ do: 'scale', by: 2 })).toEqual({ ok: true, facts: { before: 2, target: 4 } })
    expect(story.did('workers-changed')).toEqual([{ do: 'workers-changed', now: 4, before: 2 }])
    story.boot()
    expect(story.order({ do: 'scale', to: 1 })).toEqual({ ok: true, facts: { before: 4, target: 1 } })
    expect(drained(story)).toEqual([1, 2, 3])
    expect(story.reload().boot().state.target).toBe(2)
  })

  test('stays at one at least, and is refused beyond reason', () => {
    const story = new Story().serve()
    expect(story.order({ do: 'scale', by: -5 })).toMatchObject({ facts: { target: 1 } })
    for (const order of [{ to: 0 }, { to: -1 }, { to: 4097 }, { by: 1e9 }, { to: 1.5 }, { by: Number.NaN }])
      expect(story.order({ do: 'scale', ...order })).toMatchObject({ ok: false })
    expect(story.state.target).toBe(1)
  })
})

describe('restart', () => {
  test('replaces all, successors first, as many at once as a reload would', () => {
    const story = new Story({ workers: 3, surge: 1 }).serve()
    expect(story.order({ do: 'restart' })).toMatchObject({ facts: { pids: [101, 102, 103] } })
    for (const [fresh, old] of [
      [4, 1],
      [5, 2],
      [6, 3],
    ] as const) {
      expect(story.ages('spawning')).toEqual([fresh])
      expect(drained(story)).not.toContain(old)
      story.spawn().ready(fresh)
      expect(drained(story).at(-1)).toBe(old)
      story.exit(old)
    }
    expect(story.ages('ready')).toEqual([4, 5, 6])
    expect(story.state.serving?.number).toBe(1)
  })

  test('of all boots all successors at once without reload_surge', () => {
    const story = new Story({ workers: 3 }).serve()
    story.order({ do: 'restart' })
    expect(story.ages('spawning')).toEqual([4, 5, 6])
  })

  test('of one leaves the others alone', () => {
    const story = new Story({ workers: 3 }).serve()
    story.order({ do: 'restart', pid: 102 })
    expect(story.ages('spawning')).toEqual([4])
    story.boot()
    expect(drained(story)).toEqual([2])
  })

  test('replaces fronts, too, without a moment with none', () => {
    const story = new Story({ workers: 2, fronts: 1 }).serve()
    story.order({ do: 'restart' })
    expect(drained(story)).toEqual([])
    story.boot().leave()
    expect(story.ages('ready')).toEqual([4, 5, 6])
  })

  test('is refused while a reload replaces everybody', () => {
    const story = new Story().serve().reload()
    expect(why(story.order({ do: 'restart' }))).toMatch(/reload is under way/)
    expect(why(story.order({ do: 'restart', pid: 101 }))).toMatch(/reload is under way/)
    expect(why(story.order({ do: 'restart', pid: 7 }))).toMatch(/No worker has the pid 7/)
  })
})

describe('drain', () => {
  test('retires one at once and starts its successor', () => {
    const story = new Story().serve()
    expect(story.order({ do: 'drain', pid: 101 })).toEqual({ ok: true, facts: { pid: 101 } })
    expect(drained(story)).toEqual([1])
    expect(story.ages('spawning')).toEqual([3])
    expect(story.of('retiring')).toMatchObject([{ age: 1, reason: 'drain' }])
  })

  test('is refused for the last that serves: clients would wait for its successor', () => {
    const story = new Story({ workers: 1 }).serve()
    expect(why(story.order({ do: 'drain', pid: 101 }))).toMatch(/Restart it instead/)
    const wsgi = new Story({ workers: 2, fronts: 1 }).serve()
    expect(why(wsgi.order({ do: 'drain', pid: 103 }))).toMatch(/^Front \(pid:103\) is the only one/)
    expect(wsgi.order({ do: 'drain', pid: 101 }).ok).toBe(true)
    expect(wsgi.order({ do: 'drain', pid: 102 }).ok).toBe(false)
  })
})

describe('kill', () => {
  test('sends KILL at once, and the worker is replaced when it is gone, without a charge', () => {
    const story = new Story().serve()
    expect(story.order({ do: 'kill', pid: 102 }).ok).toBe(true)
    expect(story.kills()).toEqual(['2 SIGKILL'])
    expect(story.order({ do: 'kill', pid: 102 }).ok).toBe(false)
    story.exit(2, null, 'SIGKILL')
    expect(story.ages('spawning')).toEqual([3])
    expect(story.state.crashes.count).toBe(0)
    expect(story.order({ do: 'kill', pid: 102 })).toMatchObject({ ok: false })
  })
})

describe('stop', () => {
  test('is graceful or quick', () => {
    const story = new Story().serve()
    expect(story.order({ do: 'stop', how: 'graceful' }).ok).toBe(true)
    expect(drained(story)).toEqual([1, 2])
    expect(story.order({ do: 'stop', how: 'quick' }).ok).toBe(true)
    expect(story.kills()).toEqual(['1 SIGQUIT', '2 SIGQUIT'])
    expect(story.leave().did('exit')).toEqual([{ do: 'exit', code: 0 }])
    expect(story.order({ do: 'reload' })).toMatchObject({ ok: false })
  })

  test('ends a worker that writes its heap in the time of the others', () => {
    const story = new Story({ workers: 1, gracefulTimeout: 5000 }).serve()
    story.tell({ type: 'recycle', age: 1, reason: 'profile' }).boot()
    expect(story.of('retiring')).toMatchObject([{ age: 1, reason: 'profile' }])
    expect(story.pass(400_000).kills()).toEqual([])
    story.signal('SIGTERM').pass(5000)
    expect(story.kills()).toContain('1 SIGQUIT')
  })
})

describe('upgrade and back-out', () => {
  test('one at a time; backing out ends the new master in order', () => {
    const story = new Story({ gracefulTimeout: 5000 }).serve()
    expect(why(story.order({ do: 'back-out' }))).toMatch(/No upgrade is under way/)
    expect(story.order({ do: 'upgrade' })).toEqual({ ok: true, facts: { postponed: false } })
    expect(story.order({ do: 'upgrade' })).toMatchObject({ ok: false })
    story.tell({ type: 'upgrade-ready' })
    expect(story.order({ do: 'back-out' }).ok).toBe(true)
    expect(story.did('back-out')).toHaveLength(1)
    expect(story.order({ do: 'back-out' })).toMatchObject({ ok: false })
    story.tell({ type: 'upgrade-ended', message: 'it ended', backedOut: true })
    expect(story.state.upgrade.phase).toBe('none')
    expect(story.logged(/upgrade failed/)).toBe(false)
  })

  test('a new master that does not end is killed', () => {
    const story = new Story({ timeout: 0, gracefulTimeout: 5000 }).serve()
    story.order({ do: 'upgrade' })
    story.tell({ type: 'upgrade-ready' }).order({ do: 'back-out' })
    expect(story.pass(64_999).did('end-upgrade')).toEqual([])
    expect(story.pass(1).did('end-upgrade')).toHaveLength(1)
  })

  test('backing out brings back the workers that WINCH had retired', () => {
    const story = new Story({ daemon: true }).serve().signal('SIGUSR2').tell({ type: 'upgrade-ready' })
    story.signal('SIGWINCH').leave().order({ do: 'back-out' })
    expect(story.state.target).toBe(2)
    expect(story.ages('spawning')).toEqual([3, 4])
  })

  test('are refused by the new master of an upgrade, with what to do', () => {
    const story = new Story({}, 'challenger').serve()
    expect(why(story.order({ do: 'upgrade' }))).toMatch(/old one/)
    expect(why(story.order({ do: 'back-out' }))).toMatch(/stop it/)
  })
})
