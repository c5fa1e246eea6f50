/** What happened, as a line for people. Pure; it decides nothing. */
import type { PublicEvent } from '../control/status.ts'
import { harmless } from './text.ts'
import { quick } from './units.ts'

type Event<Name extends PublicEvent['event']> = Extract<PublicEvent, { readonly event: Name }>

const pidWords = (pid: number | null): string => (pid === null ? '' : ` (pid ${pid})`)
const because = (reason: string | null | undefined): string => (reason ? `: ${reason}` : '')

const words: { readonly [Name in PublicEvent['event']]: (event: Event<Name>) => string } = {
  worker: ({ kind, age, pid, to, generation, reason }) =>
    `${kind} ${age}${pidWords(pid)} of generation ${generation} is ${to}${because(reason)}`,
  exit: ({ age, pid, code, signal, reason }) =>
    `worker ${age} (pid ${pid}) ended with ${signal ?? `status ${code ?? 'unknown'}`}: ${reason}`,
  staging: ({ generation, step, ready, wanted }) =>
    `generation ${generation} is ${step}${step === 'booting' ? `: ${ready} of ${wanted} ready` : ''}`,
  reload: ({ generation, ok, message, seconds }) =>
    ok
      ? `generation ${generation} serves, after ${quick(seconds)}`
      : `generation ${generation} failed after ${quick(seconds)}${because(message)}`,
  target: ({ now, before }) => `${now} workers are wanted, ${before} before`,
  mode: ({ state }) => `the server is ${state}`,
  upgrade: ({ phase, ok, message }) =>
    ok === undefined
      ? `upgrade: ${phase === 'none' ? 'none is under way' : phase}`
      : `upgrade ${ok ? 'done' : 'failed'}${because(message)}`,
  log: ({ level, message }) => `[${level}] ${message}`,
  order: ({ order, by }) => `${order}, ordered by ${by}`,
}

/** One line without its time. An event of a newer server is told by its name. */
export const eventWords = (event: PublicEvent): string => {
  if (!Object.hasOwn(words, event.event)) return harmless(String(event.event))
  const say = words[event.event] as (event: PublicEvent) => string
  return harmless(say(event))
}

/** `14:03:07.120` of an ISO moment, in the reader's zone. */
export const clockWords = (moment: string): string => {
  const at = new Date(moment)
  if (Number.isNaN(at.getTime())) return '??:??:??'
  const two = (number: number) => String(number).padStart(2, '0')
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`
}
