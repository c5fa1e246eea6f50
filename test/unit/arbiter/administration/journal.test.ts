/** What those who watch are told, and what is remembered for those who ask later. */
import { describe, expect, test } from 'vitest'
import { Journal } from '../../../../src/arbiter/administration/journal.ts'
import { MemoryTallies } from '../../../../src/arbiter/administration/tallies.ts'
import { decide } from '../../../../src/arbiter/decide.ts'
import { LogSwitch } from '../../../../src/arbiter/log-switch.ts'
import type { Event } from '../../../../src/arbiter/state.ts'
import type { Order } from '../../../../src/control/administration.ts'
import type { PublicEvent } from '../../../../src/control/status.ts'
import type { Logger } from '../../../../src/log/logger.ts'
import { Story } from '../story.ts'

const silent: Logger = {
  level: 'info',
  critical: () => undefined,
  error: () => undefined,
  warning: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  exception: () => undefined,
  usePino: async () => undefined,
  reopen: () => undefined,
  flush: () => undefined,
  close: async () => undefined,
}

/** A story whose turns a journal is told of. */
class Told extends Story {
  readonly tallies = new MemoryTallies()
  readonly log = new LogSwitch(silent)
  readonly journal = new Journal(this.log, this.tallies)
  readonly events: PublicEvent[] = []

  override tell(event: Event): this {
    const before = this.state
    const [after, effects] = decide(before, event, this.now)
    this.journal?.judged({ before, after, event, effects, now: this.now }, this.now)
    return super.tell(event)
  }

  /** Watches from now on. */
  listen(): this {
    this.journal.watch((event) => this.events.push(event))
    return this
  }

  ordered(order: Order): this {
    this.order(order)
    return this
  }

  hang(age: number): this {
    this.silent.add(age)
    return this
  }

  heard<K extends PublicEvent['event']>(kind: K): readonly Extract<PublicEvent, { event: K }>[] {
    return this.events.filter((event): event is Extract<PublicEvent, { event: K }> => event.event === kind)
  }
}

const serving = (workers = 2): Told => new Told({ workers }).serve().listen()

describe('a reload', () => {
  test('is told step by step, worker by worker, and by its outcome', () => {
    const story = serving().reload().boot()
    const steps = story.heard('staging').map(({ step, ready, wanted }) => `${step} ${ready}/${wanted}`)
    expect(steps).toEqual(['loading 0/2', 'opening 0/2', 'announcing 0/2', 'booting 0/2', 'booting 1/2'])
    expect(story.heard('reload')).toMatchObject([{ generation: 2, ok: true, message: null }])
    expect(story.heard('worker').map(({ age, from, to }) => `${age} ${from} ${to}`)).toEqual([
      '3 null spawning',
      '4 null spawning',
      '3 spawning booting',
      '4 spawning booting',
      '1 ready retiring',
      '3 booting ready',
      '2 ready retiring',
      '4 booting ready',
    ])
    expect(story.tallies.all.reloads).toEqual({ ok: 1, failed: 0 })
  })

  test('that fails is told with the words of the worker that could not boot, and how long it took', () => {
    const story = new Told().serve().reload().spawn()
    story.now += 1500
    const said = { message: 'No module named x', detail: 'Traceback' }
    story.tell({ type: 'exited', age: 3, code: 3, signal: null, said })
    expect(story.journal.lastReload).toMatchObject({
      generation: 2,
      ok: false,
      message: 'Worker failed to boot. No module named x',
      detail: 'Traceback',
      seconds: 1.5,
    })
    expect(story.tallies.all.reloads).toEqual({ ok: 0, failed: 1 })
  })

  test('that a stop cuts short has failed, for who waits for it', () => {
    const story = serving().reload().signal('SIGTERM')
    expect(story.heard('reload')).toMatchObject([{ generation: 2, ok: false, message: 'the master ends' }])
    expect(story.heard('mode')).toMatchObject([{ state: 'stopping' }])
  })

  test('is not what a first start is', () => {
    const story = new Told().listen().start().until('booting').boot()
    expect(story.heard('reload')).toEqual([])
    expect(story.heard('mode')).toMatchObject([{ state: 'running' }])
    expect(story.journal.lastReload).toBeNull()
  })
})

const killed = { do: 'kill', pid: 101 } as const
const toDrain = { do: 'drain', pid: 101 } as const

describe('an end', () => {
  test.each<[string, (story: Told) => Story]>([
    ['crash', (story) => story.exit(1, null, 'SIGSEGV')],
    ['crash', (story) => story.exit(1, 0)],
    ['kill', (story) => story.ordered(killed).exit(1, null, 'SIGKILL')],
    ['drain', (story) => story.ordered(toDrain).exit(1)],
    ['crash', (story) => story.ordered(toDrain).exit(1, null, 'SIGKILL')],
    [
      'max_requests',
      (story) => story.tell({ type: 'recycle', age: 1, reason: 'max_requests' }).boot().leave(),
    ],
    ['reload', (story) => story.reload().boot().exit(1)],
    ['scale', (story) => story.ordered({ do: 'scale', to: 1 }).exit(1)],
    ['stop', (story) => story.signal('SIGTERM').exit(1)],
    ['timeout', (story) => story.hang(1).pass(33_000).exit(1, null, 'SIGABRT')],
    ['boot', (story) => story.signal('SIGTTIN').spawn().exit(3, 1)],
  ])('by %s is told by its reason', (reason, end) => {
    const story = serving()
    end(story)
    expect(story.heard('exit')).toMatchObject([{ reason }])
    expect(story.journal.lastExit).toMatchObject({ reason })
    const isLasting = reason === 'stop' || reason === 'scale'
    expect(story.tallies.all.restarts[reason] ?? 0).toBe(isLasting ? 0 : 1)
  })

  test('is kept for who takes the place', () => {
    const story = new Told().serve().exit(2, null, 'SIGSEGV').boot()
    const [successor] = story.of('ready').filter(({ age }) => age === 3)
    expect(story.journal.endBefore(successor?.slot ?? -1)).toMatchObject({ age: 2, signal: 'SIGSEGV' })
  })
})

test('targets, modes and upgrades are told as they change', () => {
  const story = serving().signal('SIGTTIN').boot()
  expect(story.heard('target')).toMatchObject([{ now: 3, before: 2 }])
  story.signal('SIGUSR2').tell({ type: 'upgrade-ready' })
  story.order({ do: 'back-out' })
  story.tell({ type: 'upgrade-ended', message: 'it ended', backedOut: true })
  expect(story.heard('upgrade').map(({ phase, ok }) => `${phase} ${ok}`)).toEqual([
    'starting undefined',
    'running true',
    'none false',
  ])
  expect(story.journal.lastUpgrade).toMatchObject({ ok: false, message: 'it ended' })
})

test('log lines are told while somebody watches, and nothing listens when nobody does', () => {
  const story = new Told()
  const heard: PublicEvent[] = []
  const stop = story.journal.watch((event) => heard.push(event))
  story.log.warning('careful')
  expect(heard).toMatchObject([{ event: 'log', level: 'warning', message: 'careful' }])
  stop()
  expect(story.log.heard).toBeUndefined()
})

test('a watcher that throws is told nothing more, and the others are', () => {
  const story = new Told()
  const heard: PublicEvent[] = []
  let told = 0
  story.journal.watch(() => {
    told += 1
    throw new Error('broken')
  })
  story.journal.watch((event) => heard.push(event))
  story.serve()
  expect(told).toBe(1)
  expect(heard.filter(({ event }) => event === 'worker').length).toBeGreaterThan(2)
})
