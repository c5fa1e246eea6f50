/**
 * USR2: starts a new master from the program on disk. It gets the listening sockets, the environment and the
 * arguments that this one was started with, and a channel on which it reports ready; its end, or ours, is the
 * channel's end. It is a child of ours until we are gone (then of init), as in Gunicorn.
 *
 *   old master ── spawn ──> new master (pidfile.2)      both accept through their workers
 *   old master: TERM        new master: promoted (pidfile)
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { onChildReady } from '../ipc/channel.ts'
import { boardEnvironment, inheritEnvironment, type Legacy, ownEnvironment } from '../sockets/inherit.ts'
import type { Board } from '../system/board.ts'
import { otherSide } from '../system/board-format.ts'
import { nodeNow } from '../system/node-path.ts'
import { watchdogOwnerVariable } from '../systemd/notify.ts'
import type { OwnLegacies } from './own-listeners.ts'

export interface StartCommand {
  /** Node, by the path it was found at: a symbolic link is followed anew. */
  readonly program: string
  readonly nodeArguments: readonly string[]
  readonly arguments: readonly string[]
  /** As the shell had it (PWD): a symbolic link in it is followed anew. */
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

export interface UpgradeEvents {
  readonly ready: () => void
  /** `backedOut`: somebody ended it in order. */
  readonly ended: (words: string, backedOut: boolean) => void
}

/** 0 to 2 as ours, 3 the channel. */
const FIRST_LISTENER_FD = 4

/** What the new master shares with this one. */
export interface Shared {
  readonly legacy: Legacy
  /** Both count in it, each on a side of its own. */
  readonly board: Pick<Board, 'fd' | 'side'>
  /** The listeners that masters answer on themselves. */
  readonly own: OwnLegacies
}

/** Spawns the new master; it is told to be one by GUNICORN_PID, our pid. */
export function startNewMaster(
  command: StartCommand,
  { legacy, board, own }: Shared,
  events: UpgradeEvents,
): ChildProcess {
  const descriptors = legacy.listeners.map(({ listener }) => listener.fd)
  const boardFd = FIRST_LISTENER_FD + descriptors.length
  const inherited = own.map(({ setting, asked }, index) =>
    ownEnvironment(setting, { fd: boardFd + 1 + index, asked }),
  )
  const { [watchdogOwnerVariable]: _, ...env } = command.env
  const child = spawn(
    nodeNow(command.program, process.execPath),
    [...command.nodeArguments, ...command.arguments],
    {
      cwd: command.cwd,
      env: {
        ...env,
        ...inheritEnvironment(legacy, FIRST_LISTENER_FD),
        ...boardEnvironment(boardFd, otherSide(board.side)),
        ...Object.assign({}, ...inherited),
        GUNICORN_PID: String(process.pid),
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...descriptors, board.fd, ...own.map(({ fd }) => fd)],
    },
  )
  onChildReady(child, events.ready)
  let told = false
  const ended = (words: string, backedOut: boolean) => {
    if (!told) events.ended(words, backedOut)
    told = true
  }
  child.once('error', (error) => ended(`the new master could not be started: ${error.message}`, false))
  child.once('close', (code, signal) => {
    const how = signal ? `by ${signal}` : `with status ${code}`
    ended(`the new master (pid:${child.pid}) ended ${how}`, code === 0)
  })
  return child
}
