/**
 * The children by age: which process is which worker, and what hooks see of each. Kept by perform.ts; what is to
 * become of a worker stands in the state, not here.
 */
import type { Config } from '../config/config.ts'
import type { HookLog, HookWorker } from '../config/hook-types.ts'
import type { WorkerAddress } from '../ipc/messages.ts'
import type { Listener } from '../sockets/listener.ts'
import type { Child } from './child.ts'
import type { Role, Said } from './state.ts'

export interface Member {
  readonly role: Role
  /** What is run: a front is Node's, too. */
  readonly language: 'javascript' | 'python'
  readonly age: number
  readonly generation: number
  readonly slot: number
  /** Where fronts reach it: of Python workers. */
  readonly address?: WorkerAddress | undefined
  readonly child: Child
  readonly listeners: readonly Listener[]
  /** What the worker said of why it cannot boot. */
  failure?: Said
  booted: boolean
  aborted: boolean
  readonly cfg: Config
}

export class Crew {
  readonly #members = new Map<number, Member>()
  readonly #forgotten = new Set<number>()
  readonly #failures = new Set<string>()

  add(member: Member): void {
    this.#members.set(member.age, member)
  }

  get(age: number): Member | undefined {
    return this.#members.get(age)
  }

  remove(age: number): void {
    this.#members.delete(age)
  }

  all(): Member[] {
    return [...this.#members.values()]
  }

  /** Those that run the application. */
  workers(): Member[] {
    return this.all().filter(({ role }) => role === 'worker')
  }

  /** The worker with this age is not wanted any more, although its process is still to come. */
  forget(age: number): void {
    this.#forgotten.add(age)
  }

  /** Whether a worker of this generation has failed with these words before; from now on one has. */
  isKnownFailure(generation: number, message: string): boolean {
    const key = `${generation}:${message}`
    const known = this.#failures.has(key)
    this.#failures.add(key)
    return known
  }

  /** Whether the spawn of this age was called off; asked once, when the time has come. */
  isForgotten(age: number): boolean {
    return this.#forgotten.delete(age)
  }
}

/** What a hook is given for a worker in the master. */
export const hookWorker = (
  { age, generation, cfg, booted, aborted, pid, alive }: WorkerFacts,
  log: HookLog,
): HookWorker => ({ age, generation, cfg, booted, aborted, pid, alive, log, ppid: process.pid, nr: 0 })

export interface WorkerFacts {
  readonly age: number
  readonly generation: number
  readonly cfg: Config
  readonly booted: boolean
  readonly aborted: boolean
  readonly pid: number | '[booting]'
  readonly alive: boolean
}

export const factsOf = (member: Member): WorkerFacts => ({
  age: member.age,
  generation: member.generation,
  cfg: member.cfg,
  booted: member.booted,
  aborted: member.aborted,
  pid: member.child.pid ?? '[booting]',
  alive: member.child.alive,
})
