/** Who may serve a connection on that another worker has accepted. Pure. */
import { speaksTls } from '../config/derived.ts'
import type { Member } from './crew.ts'
import type { State } from './state.ts'
import { isStopping } from './turn.ts'

/** What counts of a worker, or a front, here; of one that has ended, too. */
export type Host = Pick<Member, 'age' | 'role' | 'language' | 'listeners' | 'cfg'>

/** Whether its connections are HTTP from their first byte: of others it knows more than another could be told. */
export const isPlain = ({ cfg }: Pick<Host, 'cfg'>): boolean =>
  cfg.proxy_protocol === 'off' && !speaksTls(cfg)

/**
 * The ages of those that are ready, of the generation that serves, and listen wherever `from` did; in the order of
 * `hosts`. One that is to be replaced, or drains, would have to end the connection soon.
 */
export function adoptersOf(from: Host, hosts: readonly Host[], state: State): readonly number[] {
  if (isStopping(state)) return []
  const ready = new Set(
    state.workers.flatMap(({ age, phase, generation }) =>
      phase === 'ready' && generation === state.serving?.number ? [age] : [],
    ),
  )
  const fits = (host: Host): boolean =>
    host.age !== from.age &&
    host.role === from.role &&
    host.language === 'javascript' &&
    isPlain(host) &&
    from.listeners.every((listener) => host.listeners.includes(listener))
  return hosts.flatMap((host) => (ready.has(host.age) && fits(host) ? [host.age] : []))
}
