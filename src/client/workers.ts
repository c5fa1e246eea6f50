/** The table of workers, for `status` and `top`: which columns there are, what they say, and in which order they go. */
import type { ExitFact, WorkerStatus } from '../control/status.ts'
import type { Column, Style } from './table.ts'
import { count, percent, quick, rate, size, span, unknown } from './units.ts'
import type { Paint } from './world.ts'

/** What a column is sorted by in `top`; null stands at the end. */
export interface WorkerColumn extends Column<WorkerStatus> {
  readonly name: string
  readonly sortsBy: (worker: WorkerStatus) => number | string | null
}

const states: Readonly<Record<string, (paint: Paint) => Style>> = {
  ready: (paint) => paint.green,
  spawning: (paint) => paint.cyan,
  booting: (paint) => paint.cyan,
  leaving: (paint) => paint.yellow,
  retiring: (paint) => paint.yellow,
  dismissed: (paint) => paint.yellow,
  capturing: (paint) => paint.red,
  aborting: (paint) => paint.red,
  quitting: (paint) => paint.red,
  killed: (paint) => paint.red,
}

const column = (
  name: string,
  title: string,
  priority: number,
  text: (worker: WorkerStatus) => string,
  sortsBy: WorkerColumn['sortsBy'],
  align: 'left' | 'right' = 'right',
): WorkerColumn => ({ name, title, priority, text, sortsBy, align })

export const workerColumns: readonly WorkerColumn[] = [
  column(
    'worker',
    'WORKER',
    0,
    ({ age }) => String(age),
    ({ age }) => age,
  ),
  column(
    'pid',
    'PID',
    0,
    ({ pid }) => (pid === null ? unknown : String(pid)),
    ({ pid }) => pid,
  ),
  {
    ...column(
      'state',
      'STATE',
      0,
      ({ state, reason }) => (reason === null ? state : `${state} (${reason})`),
      ({ state }) => state,
      'left',
    ),
    style: ({ state }, paint) => states[state]?.(paint),
  },
  column('kind', 'KIND', 5, kindOf, kindOf, 'left'),
  column(
    'generation',
    'GEN',
    6,
    ({ generation }) => String(generation),
    ({ generation }) => generation,
  ),
  column(
    'uptime',
    'UPTIME',
    4,
    ({ uptime }) => span(uptime),
    ({ uptime }) => uptime,
  ),
  column(
    'requests',
    'REQUESTS',
    3,
    ({ requests }) => count(requests),
    ({ requests }) => requests,
  ),
  column(
    'inflight',
    'IN FLIGHT',
    2,
    ({ inFlight }) => count(inFlight),
    ({ inFlight }) => inFlight,
  ),
  column(
    'rate',
    'REQ/S',
    1,
    (worker) => rate(worker.rate),
    (worker) => worker.rate,
  ),
  column(
    'p50',
    'P50',
    7,
    ({ p50 }) => took(p50),
    ({ p50 }) => p50,
  ),
  column(
    'p95',
    'P95',
    2,
    ({ p95 }) => took(p95),
    ({ p95 }) => p95,
  ),
  column('cpu', 'CPU', 1, (worker) => percent(cpuOf(worker)), cpuOf),
  column(
    'rss',
    'RSS',
    1,
    ({ rss }) => size(rss),
    ({ rss }) => rss,
  ),
  column(
    'lag',
    'LAG',
    8,
    ({ lag }) => quick(lag),
    ({ lag }) => lag,
  ),
  column(
    'exit',
    'LAST EXIT',
    9,
    ({ lastExit }) => exitWords(lastExit),
    ({ lastExit }) => lastExit?.at ?? null,
    'left',
  ),
]

function kindOf({ kind, language }: WorkerStatus): string {
  return kind === 'front' ? 'front' : language
}

/** Since somebody looked last; at the first look, over the whole life: as `ps` has it. */
function cpuOf({ cpu, cpuSeconds, uptime }: WorkerStatus): number | null {
  if (cpu !== null) return cpu
  return cpuSeconds === null || uptime === null || uptime <= 0 ? null : cpuSeconds / uptime
}

/** 0 is told when there were no requests. */
const took = (seconds: number | null): string => (seconds === 0 ? unknown : quick(seconds))

/** `max_requests, 0`, `timeout, SIGKILL`. */
export const exitWords = (exit: ExitFact | null): string =>
  exit === null ? unknown : `${exit.reason}, ${exit.signal ?? exit.code ?? 'unknown'}`
