/** How an order that takes time is going: which events are worth a line, and which is the outcome. Pure. */
import type { PublicEvent } from '../control/status.ts'
import { eventWords } from './event-words.ts'

export type Outcome =
  | { readonly ok: true; readonly words: string; readonly data: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly message: string; readonly detail: string | null }

/** Says the outcome when an event is it. */
export type Judge = (event: PublicEvent) => Outcome | undefined

/** The steps of a worker's life that tell how far it is; the others pass by in milliseconds. */
const told = new Set(['booting', 'ready', 'retiring', 'leaving', 'aborting', 'killed'])
const loud = new Set(['warning', 'error', 'critical', 'warn', 'fatal'])

/** A line about the event, or undefined when it says nothing about progress. */
export const progressLine = (event: PublicEvent): string | undefined => {
  if (event.event === 'worker') return told.has(event.to) ? eventWords(event) : undefined
  if (event.event === 'log') return loud.has(event.level) ? eventWords(event) : undefined
  // The outcome is told at the end, in more words.
  if (event.event === 'upgrade') return event.ok === undefined ? eventWords(event) : undefined
  return ['staging', 'exit', 'mode'].includes(event.event) ? eventWords(event) : undefined
}

/** The reload to `generation`; null: whichever is over first. */
export const reloadJudge =
  (generation: number | null): Judge =>
  (event) => {
    if (event.event !== 'reload' || (generation !== null && event.generation !== generation)) return undefined
    const { at, generation: number, ok, message, detail, seconds } = event
    if (ok)
      return {
        ok,
        words: `Reloaded: ${eventWords(event)}.`,
        data: { at, generation: number, ok, message, detail, seconds },
      }
    return {
      ok,
      message: `The reload failed, the old workers serve on: ${message ?? 'no reason was given'}`,
      detail,
    }
  }

/** The upgrade that was ordered: over when the new master serves, or is given up. */
export const upgradeJudge = (): Judge => (event) => {
  if (event.event !== 'upgrade') return undefined
  const { at, phase, ok, message } = event
  if (ok === false || (phase === 'none' && ok !== true))
    return {
      ok: false,
      message: `The upgrade failed, this master serves on: ${message ?? 'the new master ended, its log says why'}`,
      detail: null,
    }
  if (phase === 'starting') return undefined
  return {
    ok: true,
    words: 'The new master serves beside this one.',
    data: { at, ok: true, message: message ?? null },
  }
}

/** The new master of an upgrade is gone. */
export const backOutJudge = (): Judge => (event) =>
  event.event === 'upgrade' && event.phase === 'none'
    ? { ok: true, words: 'The new master is gone, this one serves on.', data: { at: event.at } }
    : undefined
