/**
 * The requests in everybody's hands. Who speaks HTTP is asked over its channel; a worker whose loop is blocked, and so
 * answers nothing, is looked into. Python workers are not asked: their fronts know what they run.
 */
import type { RequestFact } from '../../control/status.ts'
import { mostSaid, type RequestSaid } from '../../ipc/messages.ts'
import { isRecord } from '../../util/is-record.ts'
import type { Office } from '../office.ts'
import { lookInto } from './look.ts'
import { everyone, isAble, type Known } from './members.ts'

const PATIENCE = 1000

/** The longest under way first. */
export async function requestsOf(office: Office): Promise<readonly RequestFact[]> {
  const asked = everyone(office).filter((known) => known.member.language === 'javascript' && isAble(known))
  const lists = await Promise.all(asked.map((known) => requestsIn(office, known)))
  return lists.flat().sort((one, other) => other.age - one.age)
}

async function requestsIn(office: Office, { member }: Known): Promise<RequestFact[]> {
  const front = member.role === 'front' ? (member.child.pid ?? null) : null
  const reply = await office.questions.ask(member, { what: 'requests' }, PATIENCE)
  const said =
    reply.what === 'requests' ? reply.requests : reply.what === 'silent' ? await seenIn(office, member) : []
  return said.map(({ ageMs, ...one }) => ({ ...one, front, age: ageMs / 1000 }))
}

/** Of a front only the connections' requests can be seen, not who has them. */
async function seenIn(
  office: Office,
  { age, role, child: { pid } }: Known['member'],
): Promise<RequestSaid[]> {
  const known = everyone(office).find(({ member }) => member.age === age)
  if (pid === undefined || !known || !isAble(known)) return []
  const found = await lookInto(pid)
  const value =
    found.kind === 'stack' && found.evaluated && 'value' in found.evaluated ? found.evaluated.value : []
  const list: unknown[] = Array.isArray(value) ? value.slice(0, mostSaid.requests) : []
  return list.filter(isRecord).map((one) => ({
    worker: role === 'front' ? null : pid,
    method: textOf(one['method']),
    path: textOf(one['target']),
    ageMs: Number(one['ageMs']) || 0,
    client: textOf(one['remoteAddress']),
    phase: role === 'front' ? 'waiting' : one['responding'] === true ? 'responding' : 'running',
  }))
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, mostSaid.path) : '')
