/** What the tests of the logs share: records, temporary files, child processes, waiting for a fact. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export { exchange } from './helpers-plain.ts'

/** A directory that is gone after the test. */
export function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), 'tsg-log-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1)

/** Resolves when `fact` is true; fails after five seconds. */
export async function eventually(fact: () => boolean): Promise<void> {
  const until = performance.now() + 5000
  while (!fact()) {
    if (performance.now() > until) throw new Error(`not within five seconds: ${fact}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export interface Child {
  readonly process: ChildProcess
  readonly output: () => string
  /** The exit status, when it has ended. */
  readonly ended: Promise<number | null>
}

/** Runs one of `programs/`; killed, at the latest, when the test is over. */
export function run(program: string, ...args: string[]): Child {
  const file = pathOfProgram(program)
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    output += data
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { process: child, output: () => output, ended }
}

const pathOfProgram = (program: string): string =>
  fileURLToPath(new URL(`programs/${program}.ts`, import.meta.url))

/**
 * Runs a program several times at once, all with the same pipe as standard output, or the same socket (Node's own
 * pipes to children are socket pairs).
 */
export function shared(
  program: string,
  kind: 'pipe' | 'socket',
  ...argumentLists: string[][]
): ChildProcessByStdio<null, Readable, null> {
  const one = (args: readonly string[]): string => `"$0" --import tsx "$1" ${args.join(' ')} &`
  const all = `${argumentLists.map(one).join('\n')}\nwait`
  const script = kind === 'pipe' ? `(${all}) | cat` : all
  const shell = spawn('sh', ['-c', script, process.execPath, pathOfProgram(program)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    shell.kill('SIGKILL')
  })
  return shell
}
