/**
 * The table of commands: what may be asked, with which arguments, by which HTTP request, and how it is done. Help, docs
 * and both of our own dialects come from it. It knows no socket.
 */
import { type Argument, type Given, readArguments } from './arguments.ts'
import {
  type Caller,
  type Facts,
  isPresent,
  place,
  placeAndWait,
  reloadJudge,
  restartJudge,
  upgradeJudge,
} from './outcome.ts'
import { Refusal } from './refusal.ts'

export interface Route {
  readonly method: 'GET' | 'POST'
  /** Segments; `PID` stands for a number, and is the argument `pid`. */
  readonly path: string
}

export interface Command {
  readonly summary: string
  readonly args: Readonly<Record<string, Argument>>
  /** Refused where no orders are taken. */
  readonly changes: boolean
  readonly routes: readonly Route[]
  /** `text` as it is; `json`; `events` without an end; `health` by status. */
  readonly answers: 'json' | 'text' | 'events' | 'health'
  /** Reads the arguments and does it. Rejects with a Refusal. */
  readonly run: (caller: Caller, given: unknown) => Promise<unknown>
}

interface Definition<A> {
  readonly summary: string
  readonly args?: A
  readonly changes?: boolean
  readonly routes: readonly string[]
  readonly answers?: Command['answers']
  readonly run: (caller: Caller, given: Given<A>) => Promise<unknown>
}

const routeOf = (text: string): Route => {
  const [method, path = '/'] = text.split(' ')
  return { method: method === 'POST' ? 'POST' : 'GET', path }
}

type Arguments = Readonly<Record<string, Argument>>

const command = <const A extends Arguments = Record<never, never>>(
  name: string,
  { summary, args, changes = false, routes, answers = 'json', run }: Definition<A>,
): readonly [string, Command] => {
  const known: Arguments = args ?? {}
  return [
    name,
    {
      summary,
      args: known,
      changes,
      answers,
      routes: routes.map(routeOf),
      run: async (caller, given) => run(caller, (await readArguments(name, known, given)) as Given<A>),
    },
  ]
}

const pid = { kind: 'pid', required: true, summary: 'Of a worker.' } as const
const wait = { kind: 'wait', summary: 'Answer with the outcome; seconds, at most.' } as const

/** Without `seconds`, a cpu profile takes so long. */
const profileSeconds = 10

/** Of those whom the order concerns, who is not replaced yet: who went at once is told by no event. */
const stillThere = async ({ administration }: Caller, { ages }: Facts): Promise<number[]> => {
  const { workers } = await administration.status()
  const present = workers.filter(({ state }) => isPresent(state)).map(({ age }) => age)
  return Array.isArray(ages) ? present.filter((age) => ages.includes(age)) : []
}

export const commands: ReadonlyMap<string, Command> = new Map([
  command('status', {
    summary: 'The server and its workers.',
    args: { pss: { kind: 'flag', summary: 'Also the proportional memory of each worker: slow.' } },
    routes: ['GET /status'],
    run: ({ administration }, { pss }) => administration.status(pss === undefined ? {} : { pss }),
  }),
  command('requests', {
    summary: 'Requests in flight.',
    routes: ['GET /requests'],
    run: ({ administration }) => administration.requests(),
  }),
  command('stack', {
    summary: 'What a worker is doing: its stack.',
    args: { pid },
    routes: ['GET /workers/PID/stack'],
    run: ({ administration }, given) => administration.stack(given.pid),
  }),
  command('config', {
    summary: 'Every setting, its value and where it comes from.',
    routes: ['GET /config'],
    run: ({ administration }) => administration.config(),
  }),
  command('listeners', {
    summary: 'The addresses, and how many connections wait at each.',
    routes: ['GET /listeners'],
    run: ({ administration }) => administration.listeners(),
  }),
  command('generations', {
    summary: 'The generations of workers.',
    routes: ['GET /generations'],
    run: ({ administration }) => administration.generations(),
  }),
  command('metrics', {
    summary: "Prometheus's text.",
    routes: ['GET /metrics'],
    answers: 'text',
    run: ({ administration }) => administration.metrics(),
  }),
  command('health', {
    summary: 'Whether it lives, and whether it serves.',
    routes: ['GET /livez', 'GET /readyz'],
    answers: 'health',
    run: async ({ administration }) => administration.health(),
  }),
  command('events', {
    summary: 'What happens, as it happens.',
    routes: ['GET /events'],
    answers: 'events',
    run: async () => null,
  }),
  command('reload', {
    summary: 'Read the configuration again and replace the workers (HUP).',
    args: { wait },
    changes: true,
    routes: ['POST /reload'],
    run: (caller, given) => placeAndWait(caller, { do: 'reload' }, given.wait, reloadJudge),
  }),
  command('reopen', {
    summary: 'Open the logs again (USR1).',
    changes: true,
    routes: ['POST /reopen'],
    run: (caller) => place(caller, { do: 'reopen' }),
  }),
  command('scale', {
    summary: 'Change the number of workers (TTIN, TTOU).',
    args: {
      to: { kind: 'workers', summary: 'So many.' },
      by: { kind: 'difference', summary: 'So many more, or less.' },
    },
    changes: true,
    routes: ['POST /scale'],
    run: async (caller, { to, by }) => {
      if (to !== undefined && by === undefined) return place(caller, { do: 'scale', to })
      if (by !== undefined && to === undefined) return place(caller, { do: 'scale', by })
      throw new Refusal('usage', "scale: say either 'to' or 'by'.")
    },
  }),
  command('restart', {
    summary: 'Replace the workers, one after the other, or one of them; successors first.',
    args: { pid: { ...pid, required: false }, wait },
    changes: true,
    routes: ['POST /restart', 'POST /workers/PID/restart'],
    run: async (caller, { pid, wait }) => {
      const order = { do: 'restart', ...(pid === undefined ? {} : { pid }) } as const
      return placeAndWait(caller, order, wait, async (facts) => restartJudge(await stillThere(caller, facts)))
    },
  }),
  command('drain', {
    summary: 'Let a worker finish what it holds and go; a successor starts.',
    args: { pid },
    changes: true,
    routes: ['POST /workers/PID/drain'],
    run: (caller, given) => place(caller, { do: 'drain', pid: given.pid }),
  }),
  command('kill', {
    summary: 'Kill a worker: what it holds is lost.',
    args: { pid },
    changes: true,
    routes: ['POST /workers/PID/kill'],
    run: (caller, given) => place(caller, { do: 'kill', pid: given.pid }),
  }),
  command('stop', {
    summary: 'Finish the requests in hand and end (TERM); quick: at once (INT).',
    args: { quick: { kind: 'flag', summary: 'Do not finish the requests.' } },
    changes: true,
    routes: ['POST /stop'],
    run: (caller, { quick }) => place(caller, { do: 'stop', how: quick === true ? 'quick' : 'graceful' }),
  }),
  command('upgrade', {
    summary: 'Start a new master from the program on disk (USR2).',
    args: { wait },
    changes: true,
    routes: ['POST /upgrade'],
    run: (caller, given) => placeAndWait(caller, { do: 'upgrade' }, given.wait, upgradeJudge),
  }),
  command('back-out', {
    summary: 'End the new master of an upgrade; this one serves on.',
    changes: true,
    routes: ['POST /back-out'],
    run: (caller) => place(caller, { do: 'back-out' }),
  }),
  command('profile', {
    summary: 'Profile a worker; the answer is the file.',
    args: {
      pid,
      what: { kind: 'profile', required: true, summary: 'cpu or heap.' },
      seconds: { kind: 'seconds', summary: `Of a cpu profile; ${profileSeconds}, unless said.` },
      directory: {
        kind: 'directory',
        summary: "Where the file is written; the server's folder, unless said.",
      },
    },
    changes: true,
    routes: ['POST /workers/PID/profile'],
    run: ({ administration, by }, { pid, what, seconds = profileSeconds, directory = process.cwd() }) =>
      administration.profile({ pid, what, seconds, directory }, by),
  }),
  command('help', {
    summary: 'These commands.',
    routes: ['GET /'],
    run: async () => help(),
  }),
])

/** The table as data, for `help`. */
const help = () =>
  [...commands].map(([name, { summary, args, changes, routes }]) => ({
    name,
    summary,
    changes,
    args,
    http: routes.map(({ method, path }) => `${method} ${path}`),
  }))
