/** Which code runs a command. Each is loaded when it is asked for: a start pays for one. */
import type { CommandName } from './commands.ts'
import type { Session } from './session.ts'

/** Resolves with the exit status, 0 when it says none. Rejects with a Failure. */
export type Action = (session: Session) => Promise<number | undefined>

export const actions: Readonly<Record<CommandName, () => Promise<Action>>> = {
  status: async () => (await import('./actions/status.ts')).status,
  top: async () => (await import('./top/top.ts')).top,
  requests: async () => (await import('./actions/facts.ts')).requests,
  listeners: async () => (await import('./actions/facts.ts')).listeners,
  generations: async () => (await import('./actions/facts.ts')).generations,
  config: async () => (await import('./actions/config.ts')).config,
  metrics: async () => (await import('./actions/facts.ts')).metrics,
  events: async () => (await import('./actions/events.ts')).events,
  logs: async () => (await import('./logs/logs.ts')).logs,
  reload: async () => (await import('./actions/reload.ts')).reload,
  upgrade: async () => (await import('./actions/upgrade.ts')).upgrade,
  scale: async () => (await import('./actions/orders.ts')).scale,
  restart: async () => (await import('./actions/restart.ts')).restart,
  drain: async () => (await import('./actions/orders.ts')).drain,
  kill: async () => (await import('./actions/orders.ts')).kill,
  reopen: async () => (await import('./actions/orders.ts')).reopen,
  stop: async () => (await import('./actions/stop.ts')).stop,
  stack: async () => (await import('./actions/facts.ts')).stack,
  profile: async () => (await import('./actions/profile.ts')).profile,
  doctor: async () => (await import('./doctor/doctor.ts')).doctor,
  completion: async () => (await import('./actions/completion.ts')).completion,
  help: async () => (await import('./actions/help.ts')).help,
}
