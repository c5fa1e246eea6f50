/** The questions with one answer: requests, listeners, generations, metrics, stack. */
import type { GenerationFact, ListenerFact, RequestFact, StackFact } from '../../control/status.ts'
import { askServer, type Session, tell } from '../session.ts'
import { type Column, renderTable } from '../table.ts'
import { harmless, harmlessLines } from '../text.ts'
import { count, quick, unknown } from '../units.ts'

const orDash = (value: number | null): string => (value === null ? unknown : String(value))

const requestColumns: readonly Column<RequestFact>[] = [
  { title: 'WORKER', align: 'right', text: ({ worker }) => orDash(worker) },
  { title: 'FRONT', align: 'right', priority: 2, text: ({ front }) => orDash(front) },
  { title: 'AGE', align: 'right', text: ({ age }) => quick(age) },
  { title: 'PHASE', text: ({ phase }) => phase },
  { title: 'CLIENT', priority: 1, text: ({ client }) => client },
  { title: 'METHOD', text: ({ method }) => method },
  { title: 'PATH', text: ({ path }) => path },
]

const listenerColumns: readonly Column<ListenerFact>[] = [
  { title: 'ADDRESS', text: ({ name }) => name },
  { title: 'TYPE', priority: 1, text: ({ type }) => type },
  { title: 'FD', align: 'right', priority: 2, text: ({ fd }) => String(fd) },
  { title: 'WAITING', align: 'right', text: ({ queued }) => count(queued) },
]

const generationColumns: readonly Column<GenerationFact>[] = [
  { title: 'GENERATION', align: 'right', text: ({ number }) => String(number) },
  { title: 'STATE', text: ({ state }) => state },
  { title: 'WORKERS', text: ({ workers }) => workers.join(' ') || unknown },
  { title: 'CONFIG', priority: 1, text: ({ config }) => config ?? unknown },
]

/** A list as a table, or a sentence when there is nothing in it. */
const list = async <Row>(
  session: Session,
  columns: readonly Column<Row>[],
  nothing: string,
): Promise<undefined> => {
  const rows = (await askServer(session, session.asked.command)) as readonly Row[]
  tell(session, rows, () => (rows.length === 0 ? [nothing] : renderTable(columns, rows, session)))
  return undefined
}

export const requests = (session: Session): Promise<undefined> =>
  list(session, requestColumns, 'No request is in flight.')

export const listeners = (session: Session): Promise<undefined> =>
  list(session, listenerColumns, 'Nothing is listened on.')

export const generations = (session: Session): Promise<undefined> =>
  list(session, generationColumns, 'No generation serves.')

export const metrics = async (session: Session): Promise<undefined> => {
  const text = String(await askServer(session, 'metrics'))
  tell(session, text, () => [text.trimEnd()])
  return undefined
}

/** A worker that waits for events has none; the note says so. */
export const stack = async (session: Session): Promise<undefined> => {
  const fact = (await askServer(session, 'stack', { pid: Number(session.asked.operands[0]) })) as StackFact
  tell(session, fact, () => stackLines(fact))
  return undefined
}

/** The stacks, each under its thread's name; what is missing is said. */
export const stackLines = ({ pid, language, stacks, note }: StackFact): readonly string[] => [
  `${language === 'python' ? 'Python' : 'JavaScript'}, pid ${pid}`,
  ...stacks.flatMap(({ thread, text }) => ['', `${harmless(thread)}:`, ...harmlessLines(text)]),
  ...(note === null ? [] : ['', harmless(note)]),
]
