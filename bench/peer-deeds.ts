/**
 * What is done to a running server in the scenarios of `bench:failure`. A deed resolves when the server has settled:
 * the processes that had to go are gone, and as many as there should be are there. It throws when that does not happen
 * in time.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { eventually, type Patience } from '../test/support/eventually.ts'
import { isAlive } from '../test/support/processes.ts'
import { RawClient, requestText } from '../test/support/raw-client.ts'
import { windows } from './failure-scenarios.ts'
import type { Order } from './peers.ts'

/** A running server, as deeds see it. */
export interface Acting {
  readonly order: Order
  /** The master's pid as its pidfile says it, or another file's beside; 0 while there is none. */
  readonly master: (suffix?: string) => number
  readonly workers: (master?: number) => readonly number[]
  readonly environment: NodeJS.ProcessEnv
}

export type Deed = (acting: Acting) => Promise<void>

/** The whole process table is read each time: seldom enough not to be felt. */
const patience = (what: string): Patience => ({ within: windows.patience, every: 100, what })

const workersAre = (acting: Acting, count: number, not: readonly number[] = []): Promise<boolean> =>
  eventually(
    () => {
      const now = acting.workers()
      return now.length === count && now.every((pid) => !not.includes(pid))
    },
    patience(`${count} workers`),
  )

const goneOf = (pids: readonly number[]) => pids.filter((pid) => !isAlive(pid))

/** An order, without waiting for what it does. */
export type Telling = (acting: Acting) => Promise<void>

/** An order that replaces all workers, and the waiting for it. */
const replacing =
  (tell: Telling): Deed =>
  async (acting) => {
    const before = acting.workers()
    await tell(acting)
    await eventually(() => goneOf(before).length === before.length, patience('the old workers to leave'))
    await workersAre(acting, before.length, before)
  }

const signalling =
  (signal: NodeJS.Signals): Telling =>
  async (acting) => {
    process.kill(acting.master(), signal)
  }

const runs =
  (words: (order: Order) => readonly string[]): Telling =>
  async ({ order, environment }) => {
    const [program = '', ...args] = words(order)
    const child = spawn(program, args, { cwd: order.folder, env: environment, stdio: 'ignore' })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`${args.slice(1).join(' ')} ended with ${code}`)
  }

const fifo =
  (letter: string): Telling =>
  async ({ order }) => {
    writeFileSync(join(order.folder, 'fifo'), letter)
  }

export const signalled = (signal: NodeJS.Signals): Told => toldBy(signalling(signal))
export const told = (words: (order: Order) => readonly string[]): Told => toldBy(runs(words))
export const toldFifo = (letter: string): Told => toldBy(fifo(letter))

/** A deed that replaces all workers; `tell` is its order alone. */
export type Told = Deed & { readonly tell: Telling }

const toldBy = (tell: Telling): Told => Object.assign(replacing(tell), { tell })

/** Two workers more and two less, one at a time unless `steps` says otherwise. */
export const grow =
  (more: Told, less: Told, { steps = 2 } = {}): Deed =>
  async (acting) => {
    for (let step = 1; step <= steps; step += 1) {
      await more.tell(acting)
      await workersAre(acting, acting.order.workers + (2 / steps) * step)
    }
    for (let step = 1; step <= steps; step += 1) {
      await less.tell(acting)
      await workersAre(acting, acting.order.workers + 2 - (2 / steps) * step)
    }
  }

/**
 * USR2, and TERM to the old master when the new one has its workers, as Gunicorn's manual has it. That they have loaded
 * the application is not to be seen from outside: like a careful operator it waits a second longer.
 */
export const takenOver: Deed = async (acting) => {
  const old = acting.master()
  process.kill(old, 'SIGUSR2')
  const successor = await eventually(() => acting.master('.2') || false, patience('a new master'))
  await eventually(() => acting.workers(successor).length === acting.order.workers, patience('its workers'))
  await pause(windows.takeover)
  process.kill(old, 'SIGTERM')
  await eventually(() => !isAlive(old) && acting.master() === successor, patience('the old master to leave'))
}

export const killOne: Deed = async (acting) => {
  const [first, ...others] = acting.workers()
  if (first === undefined) throw new Error('no worker is there')
  process.kill(first, 'SIGKILL')
  await workersAre(acting, others.length + 1, [first])
}

/** Nothing is done: the servers replace their workers themselves, twice. */
export const recycled: Deed = async (acting) => {
  const before = acting.workers()
  const seen = new Set(before)
  await eventually(() => {
    for (const pid of acting.workers()) seen.add(pid)
    return seen.size >= before.length + 2
  }, patience('two workers to be replaced'))
}

/** The request that hangs is not part of the load; its connection stays open to the end. */
export const blockOne: Deed = async (acting) => {
  const before = acting.workers()
  const client = await RawClient.connect({ port: acting.order.port })
  client.send(requestText('/hang'))
  try {
    await eventually(() => goneOf(before).length > 0, patience('the blocked worker to be replaced'))
    await workersAre(acting, before.length, goneOf(before))
  } finally {
    client.close()
  }
}
