/**
 * A server of `bench:wsgi`: started in a folder of its own, watched from outside through /proc, and ended with all
 * its processes. It knows no load and no table.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasCode } from '../src/errors.ts'
import { eventually } from '../test/support/eventually.ts'
import { freePort } from '../test/support/machine.ts'
import { isAlive, processesMarked } from '../test/support/processes.ts'
import { request } from '../test/support/raw-client.ts'
import { cpuTimeOf, treeOf } from './measure.ts'
import type { PythonWorld } from './wsgi-obtain.ts'
import type { Server } from './wsgi-servers.ts'
import type { Workload } from './wsgi-workloads.ts'

const applications = fileURLToPath(new URL('./wsgi', import.meta.url))

/** What is asked first, and must be answered rightly. */
export type Question = Pick<Workload, 'module' | 'path' | 'upload' | 'isRight'>

export interface Memory {
  readonly pid: number
  /** The program's file. */
  readonly program: string
  /** Bytes: its own pages, and its part of those that it shares (proc(5), smaps_rollup). */
  readonly pss: number
}

export interface Served {
  readonly port: number
  readonly pid: number
  readonly folder: string
  /** Milliseconds that all its processes, ended ones too, have computed so far. */
  readonly cpuTime: () => number
  readonly memory: () => readonly Memory[]
  readonly stop: () => Promise<void>
}

/**
 * With three cores or more the client has the last one to itself. With two they are shared: two Python workers on one
 * core would hide what spreading requests is worth.
 */
const cores = cpus().length
export const pinned = cores > 2 && spawnSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' }).status === 0
const on = (which: string): string[] => (pinned ? ['taskset', '-c', which] : [])
export const beforeServer = on(`0-${cores - 2}`)
export const beforeClient = on(String(cores - 1))

/** Where Linux shares time between sessions first, priorities count within a session alone (sched(7), autogroup). */
const autogroup = '/proc/self/autogroup'

/** This process and all that it starts go first on the machine, where that is allowed; its session while it runs. */
export const hurry = (): void => {
  try {
    setPriority(-20)
    if (!existsSync(autogroup)) return
    const before = /-?\d+$/.exec(readFileSync(autogroup, 'utf8').trim())?.[0] ?? '0'
    writeFileSync(autogroup, '-20')
    process.once('exit', () => writeFileSync(autogroup, before))
  } catch (error) {
    if (!hasCode(error, 'ERR_SYSTEM_ERROR', 'EPERM', 'EACCES')) throw error
  }
}

/** Kills the server that is running; one runs at a time. */
let leaving: (() => void) | undefined

/** An interrupted benchmark leaves no server behind. */
export const leaveNothing = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      leaving?.()
      process.exit(1)
    })
}

export const environment = (world: PythonWorld): NodeJS.ProcessEnv => ({
  ...process.env,
  PYTHONPATH: world.packages,
  PYTHONPYCACHEPREFIX: world.bytecode,
  // Else nobody would ever fill that folder, and each process would compile the standard library anew.
  PYTHONDONTWRITEBYTECODE: '',
  PYTHONUNBUFFERED: '1',
})

/** The first and the last line of a log that tell of an error, else its last line; without times and process ids. */
export const endOf = (file: string): string => {
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const errors = lines.filter((line) => /error|exception|cannot/i.test(line))
  const told = errors.length > 0 ? [errors[0], errors.at(-1)] : [lines.at(-1)]
  return [...new Set(told)]
    .map((line = '') =>
      line
        .replaceAll(/\[[\d: +-]+\]\s*|\(pid:\d+\)/g, '')
        .trim()
        .slice(0, 250),
    )
    .join(' / ')
}

const pssOf = (pid: number): Memory[] => {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    const pss = Number(/^Pss:\s*(\d+)/m.exec(text)?.[1] ?? Number.NaN) * 1024
    return [{ pid, program: readlinkSync(`/proc/${pid}/exe`), pss }]
  } catch (error) {
    // It ended meanwhile: it has no memory.
    if (hasCode(error, 'ENOENT', 'ESRCH')) return []
    throw error
  }
}

const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}

/** Every process of the server, those too whose parent has died. */
const allOf = (pid: number | undefined, mark: string): number[] => [
  ...new Set([...(pid === undefined ? [] : treeOf(pid)), ...processesMarked(mark).map((one) => one.pid)]),
]

/** Asks the server to end; after ten seconds it and what it started are killed. */
const end = async (pid: number | undefined, mark: string): Promise<void> => {
  if (pid !== undefined && isAlive(pid)) send(pid, 'SIGTERM')
  const gone = () => allOf(pid, mark).every((each) => !isAlive(each))
  await eventually(gone, { within: 10_000, every: 50 }).catch(() => {
    for (const each of allOf(pid, mark)) send(each, 'SIGKILL')
  })
}

const answersRightly = async (port: number, { path, upload, isRight }: Question): Promise<boolean> => {
  const asked = upload === 0 ? {} : { method: 'POST', body: 'x'.repeat(upload) }
  const { status, body } = await request({ port }, path, { ...asked, within: 5000 })
  if (status !== 200 || !isRight(body)) throw new Error(`answered ${status} ${body.slice(0, 80)}`)
  return true
}

/** Starts a server and waits, at most 20 s, for its right answer. Throws with the end of its log. */
export const startServer = async (who: Server, question: Question, world: PythonWorld): Promise<Served> => {
  const folder = mkdtempSync(join(tmpdir(), 'tsg-bench-'))
  const port = await freePort()
  const log = join(folder, 'log')
  const mark = `TSG_BENCH_SERVER=${folder}`
  const output = openSync(log, 'a')
  const order = { world, port, folder: applications, module: question.module }
  const [program = '', ...args] = [...beforeServer, ...who.command(order)]
  const child = spawn(program, args, {
    cwd: applications,
    env: { ...environment(world), TSG_BENCH_SERVER: folder },
    stdio: ['ignore', output, output],
  })
  let ended: string | undefined
  child.once('error', (error) => {
    ended = `it could not be started: ${error.message}`
  })
  child.once('exit', (code, signal) => {
    ended = `it ended with ${code ?? signal}`
  })
  const { pid } = child
  leaving = () => {
    for (const each of allOf(pid, mark)) send(each, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  const stop = async () => {
    await end(pid, mark)
    leaving = undefined
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    // A server that has ended is not waited for.
    const answered = () => ended !== undefined || answersRightly(port, question)
    await eventually(answered, { within: 20_000, what: 'an answer' })
    if (ended !== undefined || pid === undefined) throw new Error(ended ?? 'it has no process')
  } catch (error) {
    const words = `${error instanceof Error ? error.message : error}; log: ${endOf(log)}`
    await stop()
    throw new Error(words, { cause: error })
  }
  return { port, pid, folder, cpuTime: () => cpuTimeOf(pid), memory: () => treeOf(pid).flatMap(pssOf), stop }
}
