/** What becomes of the requests of a channel that died: the whole table. */
import { expect, test } from 'vitest'
import { type Fate, fateOf, type Victim } from '../../../src/front/deaths.ts'

const behind: Victim = {
  phase: 'given',
  started: false,
  written: true,
  idempotent: true,
  streamed: false,
  deaths: 0,
  lanes: 0,
}

test.each<[string, Partial<Victim>, Fate]>([
  ['waits behind another', {}, 'again'],
  ['waits behind another for the second time', { deaths: 1 }, 'again'],
  ['had two workers die beneath it', { deaths: 2 }, 'refuse'],
  ['had many channels of its worker die beneath it', { lanes: 30 }, 'again'],
  ['has channels die beneath it without an end', { lanes: 64 }, 'refuse'],
  ['may have been started', { started: true }, 'refuse'],
  ['is not idempotent', { idempotent: false }, 'refuse'],
  ['has a streamed body', { streamed: true }, 'refuse'],
  ['was never written', { written: false, idempotent: false, streamed: true }, 'again'],
  ['was never written, three times', { written: false, deaths: 2 }, 'refuse'],
  ['has begun', { phase: 'begun', started: true }, 'cut'],
  ['has no client any more', { phase: 'over', started: true }, 'nothing'],
])('a request that %s', (_, victim, fate) => {
  expect(fateOf({ ...behind, ...victim })).toBe(fate)
})
