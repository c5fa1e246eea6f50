/**
 * Servers of Python applications under test: the application of test/fixtures/wsgi/ in a folder of its own, what it
 * notes there, and which process is which. It starts nothing itself: daemon.ts does.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Daemon, type StartOptions, start } from './daemon.ts'
import { eventually, type Patience } from './eventually.ts'
import { repository } from './machine.ts'
import { childrenOf } from './processes.ts'
import { plainPython } from './python.ts'
import { ClientFailure } from './raw-client.ts'

/** The three ways to run a WSGI application; each must keep every promise. */
export const modes = [
  ['sync', ['--workers', '2']],
  ['threads', ['--workers', '2', '--threads', '4']],
  ['preload', ['--workers', '2', '--preload']],
] as const satisfies readonly (readonly [string, readonly string[]])[]

export const { python: python3, missing: noPython, label: pythonLabel } = plainPython()

const folder = join(repository, 'test/fixtures/wsgi')

/** The fixtures: name -> text. They are copied, for servers may run as users who cannot enter the repository. */
const fixtures = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name.endsWith('.py'))
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
)

export interface WsgiOptions extends Omit<StartOptions, 'app'> {
  /** The interpreter; '' leaves the choice to the server. */
  readonly python?: string
}

/** What `/file/...` sends. */
export const fileText = Array.from({ length: 30_000 }, (_, n) => `line ${n}\n`).join('')

/** Starts `pep3333:app`, or another argument, in a folder that has the fixtures, `file.txt` and an empty `notes.log`. */
export const startWsgi = (options: WsgiOptions = {}): Promise<Daemon> => {
  const { python = python3, args = [], files = {}, env = {}, ...others } = options
  return start({
    appArgument: 'pep3333:app',
    until: 'serving',
    ...others,
    args: [...(python === '' ? [] : ['--python', python]), ...args],
    files: { ...fixtures, 'file.txt': fileText, 'notes.log': '', ...files },
    // No __pycache__ among the fixtures, nor in the server's folder.
    env: { PYTHONDONTWRITEBYTECODE: '1', ...env },
  })
}

/** What the application has noted so far. */
export const notes = (server: Daemon): string[] =>
  server
    .read('notes.log')
    .split('\n')
    .filter((line) => line !== '')

/** Resolves with the pattern's match in the first note that it matches, from the note number `after` on. */
export const noted = (
  server: Daemon,
  pattern: RegExp,
  { after = 0, ...patience }: Patience & { after?: number } = {},
) =>
  eventually(
    () =>
      notes(server)
        .slice(after)
        .map((line) => pattern.exec(line))
        .find((match) => match !== null),
    {
      within: 15_000,
      what: () => `${pattern} in the notes:\n${server.read('notes.log')}\nlog:\n${server.log()}`,
      ...patience,
    },
  )

const isMold = (command: string): boolean => /tsgunicorn_wsgi mold\b/.test(command)
const isWorker = (command: string): boolean => /tsgunicorn_wsgi worker\b|^tsgunicorn: worker/.test(command)

/**
 * The pids of the Python workers of a master, lowest first: its own children, those of its molds, and those whose mold
 * is gone.
 */
export const pythonsOf = (server: Daemon, master = server.masterPid()): number[] => {
  const children = childrenOf(master)
  const molds = new Set(children.filter(({ command }) => isMold(command)).map(({ pid }) => pid))
  const alive = server.processes()
  const hasParent = (ppid: number) => alive.some(({ pid }) => pid === ppid)
  const forked = alive.filter(
    ({ command, ppid }) => isMold(command) && (molds.has(ppid) || !hasParent(ppid)) && ppid !== master,
  )
  const spawned = children.filter(({ command }) => isWorker(command))
  return [...spawned, ...forked].map(({ pid }) => pid).toSorted((a, b) => a - b)
}

/** The pids of workers whose mold is dead: whose children they are now is the machine's affair. */
export const orphansOf = (server: Daemon): number[] => {
  const all = server.processes()
  const pids = new Set(all.map(({ pid }) => pid))
  return all.filter(({ command, ppid }) => isMold(command) && !pids.has(ppid)).map(({ pid }) => pid)
}

/** The pids of the molds of a master. */
export const moldsOf = (server: Daemon, master = server.masterPid()): number[] =>
  childrenOf(master)
    .filter(({ command }) => isMold(command))
    .map(({ pid }) => pid)

/** The pids of the fronts of a master. */
export const frontsOf = (server: Daemon, master = server.masterPid()): number[] =>
  childrenOf(master)
    .filter(({ command }) => !command.includes('tsgunicorn_wsgi') && /worker\/main\.js|front/.test(command))
    .map(({ pid }) => pid)

/** Resolves with the pids of exactly `count` Python workers, none of which is among `not`. */
export const hasPythons = (
  server: Daemon,
  count: number,
  { not = [], master, ...patience }: Patience & { not?: readonly number[]; master?: number } = {},
): Promise<number[]> => {
  const now = () => pythonsOf(server, master ?? server.masterPid())
  return eventually(
    () => {
      const pids = now()
      return pids.length === count && !pids.some((pid) => not.includes(pid)) && pids
    },
    {
      within: 20_000,
      what: () => `${count} Python workers other than ${not}; there are ${now()}\n${server.log()}`,
      ...patience,
    },
  )
}

/**
 * Resolves with the pids of the Python workers when each of `count` has had a request at the same time as the others:
 * none of them is booting any more.
 */
export const allServe = async (server: Daemon, count = 2): Promise<number[]> => {
  let round = 0
  return await eventually(
    async () => {
      const name = `ready-${++round}`
      const after = notes(server).length
      const asked = Array.from({ length: count }, () => server.request(`/gate?${name}`))
      const seen = () =>
        notes(server)
          .slice(after)
          .filter((line) => line.startsWith(`seen ${name} `))
      // Who waits behind another one is seen when that one is let go.
      await eventually(() => seen().length === count, { within: 300 }).catch(() => undefined)
      server.write(name, '')
      await Promise.all(asked)
      const pids = new Set(seen().map((line) => Number(line.split(' ').at(-1))))
      return pids.size === count && [...pids].toSorted((a, b) => a - b)
    },
    { within: 20_000, what: () => `a request in each of ${count} workers at a time; log:\n${server.log()}` },
  )
}

/** HUP, and the pids of the Python workers once the new generation serves and the old ones are gone. */
export const reloadWsgi = async (server: Daemon, count = 2): Promise<number[]> => {
  const old = pythonsOf(server)
  const after = server.logEnd()
  server.signal('SIGHUP')
  await server.logged(/Reloaded: generation \d+ serves/, { after, within: 20_000 })
  return await hasPythons(server, count, { not: old })
}

/** How a request failed that must fail: `truncated`, `closed`, `reset`, ... */
export const failureOf = async (answer: Promise<unknown>): Promise<string> => {
  try {
    await answer
  } catch (error) {
    if (error instanceof ClientFailure) return error.kind
    throw error
  }
  return 'answered'
}

/** The body of a 200 answer, read as JSON. */
export const json = async <T = unknown>(answer: Promise<{ status: number; body: string }>): Promise<T> => {
  const { status, body } = await answer
  expect({ status, body }).toMatchObject({ status: 200 })
  return JSON.parse(body)
}
