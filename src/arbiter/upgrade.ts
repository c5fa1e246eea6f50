/**
 * USR2: a new master from the program on disk, on the same sockets. One at a time; it reports ready or dies, and
 * whichever of the two masters is ended, the other serves on. As in Gunicorn's manual, TERM of the old completes
 * the upgrade, TERM of the new backs out.
 */
import { upgradeDeadline } from './deadlines.ts'
import type { Event, Policy } from './state.ts'
import { after, isStopping, type Turn } from './turn.ts'

/** Added to boot_timeout: the new master loads its configuration before its workers boot. */
const START_PATIENCE = 60_000

export function startUpgrade(turn: Turn): void {
  const { state } = turn
  if (state.mode.phase !== 'running') return
  if (state.upgrade.phase !== 'none') {
    turn.log('warning', 'USR2 signal ignored. Child exists.')
    return
  }
  if (state.role === 'challenger') {
    turn.log('warning', 'USR2 signal ignored. Parent exists.')
    return
  }
  if (state.staging ?? !state.serving) {
    turn.postpone('upgrade')
    return
  }
  turn.set({ upgrade: { phase: 'starting', deadline: startDeadline(turn) } })
  turn.do({ do: 'upgrade' })
}

const startDeadline = ({ now, policy }: Turn): number => after(now, withBoot(policy))
const withBoot = (policy: Policy | undefined): number =>
  policy?.bootTimeout ? policy.bootTimeout + START_PATIENCE : 0

export function upgradeReady(turn: Turn): void {
  if (turn.state.upgrade.phase !== 'starting') return
  turn.set({ upgrade: { phase: 'running' } })
  turn.log(
    'info',
    'The new master is ready. Send TERM to this one to complete the upgrade, or to the new one to back out.',
  )
}

/** The new master died: this one serves on, with the workers it should have. */
export function upgradeEnded(
  turn: Turn,
  { message, backedOut }: Extract<Event, { type: 'upgrade-ended' }>,
): void {
  const { upgrade } = turn.state
  if (upgrade.phase === 'none') return
  turn.set({ upgrade: { phase: 'none' } })
  const failed = upgrade.phase === 'starting' && !backedOut
  turn.log(failed ? 'error' : 'info', failed ? `upgrade failed, this master serves on: ${message}` : message)
  bringBack(turn)
}

/** WINCH may have retired our workers in favour of the new master's: without them nobody would serve. */
function bringBack(turn: Turn): void {
  const { serving, target } = turn.state
  const workers = serving?.policy.workers ?? 0
  if (target > 0 || workers === 0 || isStopping(turn.state)) return
  turn.do({ do: 'workers-changed', now: workers, before: 0 })
  turn.set({ target: workers })
}

/** The new master is told to end, and has the time of everyone who serves; our workers are wanted from now on. */
export function backOut(turn: Turn): void {
  const { gracefulTimeout = 0, lameDuck = 0 } = turn.policy ?? {}
  const deadline = turn.now + gracefulTimeout + lameDuck + START_PATIENCE
  turn.set({ upgrade: { phase: 'backing-out', deadline } })
  turn.log('info', 'The upgrade is backed out: the new master is told to end')
  bringBack(turn)
  turn.do({ do: 'back-out' })
}

export function chaseUpgrade(turn: Turn): void {
  const { upgrade } = turn.state
  if (turn.now < upgradeDeadline(turn.state) || !('deadline' in upgrade)) return
  const what = upgrade.phase === 'starting' ? 'get ready' : 'end'
  turn.log('error', `the new master did not ${what} in time, ending it`)
  turn.set({ upgrade: { ...upgrade, deadline: turn.now + START_PATIENCE } })
  turn.do({ do: 'end-upgrade' })
}

export function parentGone(turn: Turn): void {
  if (turn.state.role !== 'challenger') return
  turn.set({ role: 'master' })
  turn.log('info', 'Master has been promoted.')
  turn.do({ do: 'promote' })
}
