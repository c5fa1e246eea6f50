import { describe, expect, test } from 'vitest'
import { backOutJudge, progressLine, reloadJudge, upgradeJudge } from '../../../src/client/progress.ts'
import type { PublicEvent } from '../../../src/control/status.ts'
import { reloadEvent, stagingEvent, workerEvent } from '../../support/fake-status.ts'

const at = '2026-11-01T10:00:05.120Z'
type Upgrade = Extract<PublicEvent, { event: 'upgrade' }>
const upgradeEvent = (changes: Partial<Upgrade>): PublicEvent => ({
  at,
  event: 'upgrade',
  phase: 'none',
  ...changes,
})

describe('a reload', () => {
  test('is over when its own generation is', () => {
    const judge = reloadJudge(2)
    expect(judge(stagingEvent)).toBeUndefined()
    expect(judge(reloadEvent({ generation: 1 }))).toBeUndefined()
    expect(judge(reloadEvent())).toMatchObject({ ok: true, data: { generation: 2, seconds: 1.25 } })
  })

  test('that fails says its reason, and that the old workers serve', () => {
    expect(reloadJudge(2)(reloadEvent({ ok: false, message: 'threw', detail: 'at x' }))).toEqual({
      ok: false,
      message: 'The reload failed, the old workers serve on: threw',
      detail: 'at x',
    })
  })

  test('without a known number takes the next one', () => {
    expect(reloadJudge(null)(reloadEvent({ generation: 9 }))).toMatchObject({ ok: true })
  })
})

describe('an upgrade', () => {
  test.each([
    [{ phase: 'starting' }, undefined],
    [{ phase: 'running' }, true],
    [{ phase: 'running', ok: true }, true],
    [{ phase: 'none', ok: false, message: 'exited with 3' }, false],
    [{ phase: 'none' }, false],
  ] as const)('%o', (changes, ok) => expect(upgradeJudge()(upgradeEvent(changes))?.ok).toBe(ok))

  test('that is backed out is over when the new master is gone', () => {
    expect(backOutJudge()(upgradeEvent({ phase: 'running' }))).toBeUndefined()
    expect(backOutJudge()(upgradeEvent({ phase: 'none', ok: false }))).toMatchObject({ ok: true })
  })
})

test('progress tells the steps that last, and warnings; the rest is noise', () => {
  const of = (changes: object) => progressLine({ ...workerEvent, ...changes } as PublicEvent)
  expect(of({ to: 'ready' })).toMatch(/is ready$/)
  expect(of({ to: 'spawning' })).toBeUndefined()
  expect(progressLine({ at, event: 'log', level: 'info', message: 'x' })).toBeUndefined()
  expect(progressLine({ at, event: 'log', level: 'error', message: 'x' })).toBe('[error] x')
  expect(progressLine(upgradeEvent({ phase: 'starting' }))).toBe('upgrade: starting')
  expect(progressLine(upgradeEvent({ phase: 'running', ok: true }))).toBeUndefined()
  expect(progressLine({ at, event: 'order', order: 'reload', by: 'me' })).toBeUndefined()
})
