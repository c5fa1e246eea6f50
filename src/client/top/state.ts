/**
 * What `top` shows, and what a key does to it. Pure: `press` gives the next state and what is to be done; the terminal
 * and the server are top.ts's.
 */
import type { Status, WorkerStatus } from '../../control/status.ts'
import { workerColumns } from '../workers.ts'

export interface Sort {
  /** A column of workers.ts. */
  readonly by: string
  readonly descending: boolean
}

/** What is over the table, if anything. */
export type View =
  | { readonly show: 'workers' }
  | { readonly show: 'help' }
  | { readonly show: 'text'; readonly title: string; readonly lines: readonly string[]; readonly top: number }

export interface TopState {
  readonly status: Status
  /** Requests a second, the oldest first; one for each second. */
  readonly rates: readonly number[]
  readonly sort: Sort
  /** The age of the selected worker: it stays selected when others go. */
  readonly selected: number | null
  readonly view: View
  /** The last line: what was done, what failed. */
  readonly message: string
}

export type Task =
  | { readonly do: 'quit' }
  | { readonly do: 'drain'; readonly pid: number }
  | { readonly do: 'restart'; readonly pid: number }
  | { readonly do: 'stack'; readonly pid: number }

export const mostRates = 600

export const initial = (status: Status): TopState => ({
  status,
  rates: [status.totals.rate],
  sort: { by: 'worker', descending: false },
  selected: null,
  view: { show: 'workers' },
  message: '',
})

/** A new look at the server. */
export const refreshed = (state: TopState, status: Status): TopState => ({
  ...state,
  status,
  rates: [...state.rates, status.totals.rate].slice(-mostRates),
})

/** The workers in the order in which they are shown. */
export const sorted = ({ status, sort }: TopState): readonly WorkerStatus[] => {
  const column = workerColumns.find(({ name }) => name === sort.by)
  if (column === undefined) return status.workers
  const sign = sort.descending ? -1 : 1
  return status.workers.toSorted((left, right) => {
    const [one, other] = [column.sortsBy(left), column.sortsBy(right)]
    // What is not known stands at the end, either way.
    if (one === null || other === null) return Number(one === null) - Number(other === null)
    return sign * (one < other ? -1 : one > other ? 1 : 0) || left.age - right.age
  })
}

/** Place of the selected worker among those shown; the first when it is gone. */
export const selectedAt = (state: TopState): number =>
  Math.max(
    0,
    sorted(state).findIndex(({ age }) => age === state.selected),
  )

interface Pressed {
  readonly state: TopState
  readonly task?: Task
}

/** What each key is for, as the help shows it. */
export const keyHelp: ReadonlyArray<readonly [keys: string, summary: string]> = [
  ['up down, j k', 'select a worker, or scroll'],
  ['left right, < >', 'sort by the column before or behind'],
  ['i', 'turn the order round'],
  ['d', 'drain the selected worker: it finishes its requests, a successor comes'],
  ['r', 'restart it: the successor comes first'],
  ['s, enter', 'show its stack'],
  ['?', 'this help'],
  ['q, escape', 'back, or quit'],
]

/** `key`: a name of keys.ts. `page`: lines that scroll. */
export const press = (state: TopState, key: string, page: number): Pressed =>
  state.view.show === 'workers' ? pressTable(state, key) : pressOver(state, state.view, key, page)

const pressTable = (state: TopState, key: string): Pressed => {
  const steps: Readonly<Record<string, (state: TopState) => Pressed>> = {
    up: (now) => ({ state: moved(now, -1) }),
    down: (now) => ({ state: moved(now, 1) }),
    home: (now) => ({ state: moved(now, Number.NEGATIVE_INFINITY) }),
    end: (now) => ({ state: moved(now, Number.POSITIVE_INFINITY) }),
    left: (now) => ({ state: sortedBy(now, -1) }),
    right: (now) => ({ state: sortedBy(now, 1) }),
    invert: (now) => ({ state: { ...now, sort: { ...now.sort, descending: !now.sort.descending } } }),
    drain: (now) => onSelected(now, (pid) => ({ do: 'drain', pid })),
    restart: (now) => onSelected(now, (pid) => ({ do: 'restart', pid })),
    stack: (now) => onSelected(now, (pid) => ({ do: 'stack', pid })),
    help: (now) => ({ state: { ...now, view: { show: 'help' } } }),
    back: (now) => ({ state: now, task: { do: 'quit' } }),
  }
  // What was said is about the key before.
  return steps[key]?.({ ...state, message: '' }) ?? { state }
}

const pressOver = (state: TopState, view: View, key: string, page: number): Pressed => {
  if (key === 'back' || (view.show === 'help' && key === 'help'))
    return { state: { ...state, view: { show: 'workers' } } }
  if (view.show !== 'text') return { state }
  const most = Math.max(0, view.lines.length - page)
  const tops: Readonly<Record<string, number>> = {
    up: view.top - 1,
    down: view.top + 1,
    'page-up': view.top - page,
    'page-down': view.top + page,
    home: 0,
    end: most,
  }
  const top = Math.min(most, Math.max(0, tops[key] ?? view.top))
  return { state: { ...state, view: { ...view, top } } }
}

const moved = (state: TopState, by: number): TopState => {
  const workers = sorted(state)
  const at = Math.min(workers.length - 1, Math.max(0, selectedAt(state) + by))
  return { ...state, selected: workers[at]?.age ?? null }
}

/** The next column; numbers begin with the largest, for that is what one looks for. */
const sortedBy = (state: TopState, by: number): TopState => {
  const count = workerColumns.length
  const at = workerColumns.findIndex(({ name }) => name === state.sort.by)
  const column = workerColumns[(at + by + count) % count]
  return column === undefined
    ? state
    : {
        ...state,
        sort: { by: column.name, descending: column.align === 'right' && column.name !== 'worker' },
      }
}

const onSelected = (state: TopState, taskOf: (pid: number) => Task): Pressed => {
  const worker = sorted(state)[selectedAt(state)]
  if (worker?.pid == null)
    return { state: { ...state, message: 'No worker is selected that has a process.' } }
  return { state: { ...state, selected: worker.age }, task: taskOf(worker.pid) }
}
