/**
 * A server as a service: under a manager (notify-manager.py) that hears its notifications, keeps its descriptors and
 * starts it anew, as systemd would.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode } from '../../src/errors.ts'
import { type Daemon, type StartOptions, start } from './daemon.ts'
import { eventually } from './eventually.ts'
import { builtProgram } from './machine.ts'
import { plainPython } from './python.ts'
import { sharedFolder } from './shared-folder.ts'

const { python } = plainPython()
const manager = join(import.meta.dirname, 'notify-manager.py')

/** One message: its assignments, who sent it (`pid`) and how many descriptors came along. */
export type Said = Readonly<Record<string, string>> & {
  readonly pid: number
  readonly fds: number
  readonly kept?: readonly string[]
}

export class Service {
  readonly server: Daemon
  readonly #path: string

  constructor(server: Daemon, path: string) {
    this.server = server
    this.#path = path
  }

  /** What was said so far, and what the manager did. */
  said(): Said[] {
    return linesOf(`${this.#path}.said`).map((line) => JSON.parse(line))
  }

  /** Resolves with the first message, from the number `after` on, that has these assignments. */
  async told(assignments: Readonly<Record<string, unknown>>, after = 0): Promise<Said> {
    const has = (one: Said) => Object.entries(assignments).every(([name, value]) => isLike(one[name], value))
    return await eventually(() => this.said().slice(after).find(has), {
      within: 15_000,
      what: () =>
        `${JSON.stringify(assignments)} among:\n${this.said()
          .map((one) => JSON.stringify(one))
          .join('\n')}\n${this.server.log()}`,
    })
  }

  /** Has the manager kill the service's main process, or start it anew; resolves when that is done. */
  async order(word: 'kill' | 'start' | 'kept'): Promise<Said> {
    const before = this.said().length
    appendFileSync(`${this.#path}.orders`, `${word}\n`)
    return await this.told({ done: word }, before)
  }
}

const isLike = (value: unknown, wanted: unknown): boolean =>
  wanted instanceof RegExp ? wanted.test(String(value ?? '')) : value === wanted

const linesOf = (path: string): string[] => {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

/** Starts a server under a manager. It has a pidfile: the manager is the process that was started. */
export const startService = async ({
  args = [],
  env = {},
  ...options
}: StartOptions = {}): Promise<Service> => {
  const path = join(sharedFolder(), 'notify')
  const server = await start({
    program: [python, manager, path, process.execPath, builtProgram],
    args: ['-p', 'server.pid', ...args],
    ...options,
    env: { PYTHONDONTWRITEBYTECODE: '1', ...env },
  })
  return new Service(server, path)
}
