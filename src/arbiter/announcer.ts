/**
 * What systemd is told of this master, and when: the words are systemd/notify.ts's. One master of an upgrade speaks
 * at a time: the old one until its end, when it names the new one as the main process, as nobody else may with
 * NotifyAccess=main; the new one from then on.
 */
import { placeOf } from '../metrics/slot.ts'
import { addressText } from '../sockets/address.ts'
import type { Legacy } from '../sockets/inherit.ts'
import { monotonicNow } from '../system/clock.ts'
import { FdStore, storedName, unknownDescriptor } from '../systemd/fd-store.ts'
import type { Notifier } from '../systemd/notify.ts'
import type { Office } from './office.ts'
import { readBeats } from './perform.ts'
import { isServing } from './turn.ts'
import { isWell } from './well.ts'

/** Before the first generation serves nothing is said; a start that takes longer asks for its time. */
const QUICK_START = 1000
/** Added to what settings allow: hooks, reading the configuration, the last rungs of the ladder. */
const SLACK = 30_000

export interface Announcer {
  tell(what: 'reloading' | 'ready' | 'stopping', failure?: string): void
  /** The words of `systemctl status` are brought up to date. */
  refresh(): void
  /** A generation serves: its sockets are what systemd is to keep. */
  keepListeners(): void
  /** The sockets are being closed; `shared`: the other master of an upgrade goes on with them. */
  letListenersGo(shared: boolean): void
  /** This process ends; a new master of an upgrade is the service from now on. */
  leaving(): void
  /** The old master is gone: this one is the service. */
  promoted(): void
}

const nothing = (): void => undefined
/** Where systemd does not listen. */
export const silent: Announcer = {
  tell: nothing,
  refresh: nothing,
  keepListeners: nothing,
  letListenersGo: nothing,
  leaving: nothing,
  promoted: nothing,
}

/** Begins to speak for this master, if systemd listens. */
export function announce(office: Office, inherited: Legacy): Announcer {
  const { notifier } = office
  if (!notifier.isHeard) return silent
  const store = new FdStore(notifier, storedBefore(inherited))
  const isOurs = (): boolean => office.state().role === 'master'
  let isStarting = true
  const voice: Announcer = {
    tell: (what, failure) => {
      if (what === 'ready') isStarting = false
      if (isOurs()) say(office, what, failure)
    },
    refresh: () => {
      if (isOurs() && !isStarting) notifier.status(statusOf(office))
    },
    keepListeners: () => {
      if (isOurs()) store.keep(storable(office))
    },
    letListenersGo: (shared) => {
      if (isOurs() && !shared) store.release()
    },
    leaving: () => {
      const heir = office.successor?.pid
      if (isOurs() && heir !== undefined) notifier.mainPid(heir)
    },
    promoted: () => {
      notifier.ready(statusOf(office), process.pid)
      store.keep(storable(office))
    },
  }
  setTimeout(() => {
    if (isStarting && isOurs()) notifier.extend(bootTime(office))
  }, QUICK_START).unref()
  feedWatchdog(office, notifier, isOurs)
  return voice
}

function say(office: Office, what: 'reloading' | 'ready' | 'stopping', failure: string | undefined): void {
  const { notifier, successor } = office
  if (what === 'ready') notifier.ready(statusOf(office, failure), process.pid)
  else if (what === 'reloading') notifier.reloading(bootTime(office))
  // With an heir it is this master that ends, and not the service.
  else if (successor === undefined) notifier.stopping(stopTime(office))
}

/** Milliseconds; 0 when settings set no end: then systemd's own word stands. */
const bootTime = ({ config }: Office): number =>
  config.boot_timeout ? config.boot_timeout * 1000 + SLACK : 0

const stopTime = ({ config }: Office): number => (config.lame_duck + config.graceful_timeout) * 1000 + SLACK

/** `4 workers, generation 3, 1234 requests`, and why the last reload was none. */
function statusOf(office: Office, failure?: string): string {
  const { workers, serving } = office.state()
  const serve = workers.filter((worker) => worker.role === 'worker' && isServing(worker))
  const requests = office.board.totals()[placeOf('finished')] ?? 0
  const count = `${serve.length} ${serve.length === 1 ? 'worker' : 'workers'}`
  const words = `${count}, generation ${serving?.number ?? 0}, ${requests} requests`
  return failure === undefined ? words : `${words}; not reloaded: ${failure}`
}

/** At half the time that systemd allows; without a watchdog there is no timer. */
function feedWatchdog(office: Office, notifier: Notifier, isOurs: () => boolean): void {
  if (notifier.watchdogMs === undefined) return
  setInterval(() => {
    const state = office.state()
    if (!isOurs() || !isWell(state, readBeats(office, state), monotonicNow())) return
    notifier.alive(state.serving ? statusOf(office) : undefined)
  }, notifier.watchdogMs).unref()
}

/** Sockets of socket units are kept by systemd as it is. */
function storable({
  listeners,
  state,
}: Office): readonly { readonly address: string; readonly fd: number }[] {
  const { from, listeners: held } = listeners.legacy(state().serving?.number ?? 0)
  if (from === 'systemd') return []
  return held.map(({ asked, listener }) => ({ address: addressText(asked), fd: listener.fd }))
}

/** From systemd itself: what it gave us. From the old master of an upgrade: what that one may have given it. */
function storedBefore({ from, listeners, stored = [] }: Legacy): ReadonlyMap<string, number> {
  if (from !== 'master') return new Map(stored.map(({ name, fd }) => [name, fd]))
  const names = listeners.map(({ asked }) => storedName(addressText(asked)))
  return new Map(names.filter((name) => name !== undefined).map((name) => [name, unknownDescriptor]))
}
