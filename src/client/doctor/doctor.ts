/** `doctor`: a line for each finding; exit 1 when one of them is a problem. Also without a running server. */
import type { ConfigFact } from '../../control/status.ts'
import { Failure } from '../failure.ts'
import { lookAround } from '../seek.ts'
import { findServer, type Session, tell } from '../session.ts'
import { type Column, renderTable, type Style } from '../table.ts'
import type { Paint } from '../world.ts'
import { examine, type Finding } from './checks.ts'
import { gather, type Server } from './facts.ts'

const styles: Readonly<Record<Finding['state'], (paint: Paint) => Style>> = {
  ok: (paint) => paint.green,
  warning: (paint) => paint.yellow,
  problem: (paint) => paint.red,
}

const columns: readonly Column<Finding>[] = [
  { title: 'STATE', text: ({ state }) => state, style: ({ state }, paint) => styles[state](paint) },
  { title: 'CHECK', text: ({ check }) => check },
  { title: 'FINDING', text: ({ words }) => words },
]

export const doctor = async (session: Session): Promise<number> => {
  const { server, unreachable } = await serverOf(session)
  const stale = session.asked.flags.has('socket') ? [] : await staleSockets(session)
  const findings = examine(await gather(session.world, { server, unreachable, stale }))
  tell(session, findings, () => [...renderTable(columns, findings, session), ...adviceLines(findings)])
  return findings.some(({ state }) => state === 'problem') ? 1 : 0
}

/** What to do, below the table: sentences are too long for its cells. */
const adviceLines = (findings: readonly Finding[]): readonly string[] => {
  const advice = findings.flatMap(({ check, advice: words }) =>
    words === null ? [] : [`${check}: ${words}`],
  )
  return advice.length === 0 ? [] : ['', ...advice]
}

interface Reached {
  readonly server: Server | null
  readonly unreachable: string | null
}

const serverOf = async (session: Session): Promise<Reached> => {
  try {
    const { connection, status, path, directory } = await findServer(session)
    try {
      const config = (await connection.ask('config', {}, session.timeout)) as readonly ConfigFact[]
      return { server: { status, config, socket: path, directory }, unreachable: null }
    } finally {
      connection.close()
    }
  } catch (thrown) {
    // None is running: the machine is examined all the same. Which of several is meant has to be said.
    if (!(thrown instanceof Failure) || thrown.kind === 'usage') throw thrown
    return { server: null, unreachable: thrown.kind === 'not-running' ? null : thrown.message }
  }
}

const staleSockets = async ({ world }: Session): Promise<readonly string[]> => {
  const { found, stale } = await lookAround(world)
  for (const { connection } of found) connection.close()
  return stale
}
