/** `config`: the settings that serve, all or those that are not the default, with their origin when asked. */
import type { ConfigFact } from '../../control/status.ts'
import { isRecord } from '../../util/is-record.ts'
import { Failure } from '../failure.ts'
import { askServer, type Session, tell } from '../session.ts'
import { type Column, renderTable } from '../table.ts'

/** A value in one line, as JSON; functions by their name. */
export const valueWords = (value: unknown): string => {
  if (isRecord(value) && typeof value['function'] === 'string') return `[function ${value['function']}]`
  return JSON.stringify(value) ?? 'undefined'
}

const name: Column<ConfigFact> = { title: 'SETTING', text: (fact) => fact.name }
const value: Column<ConfigFact> = {
  title: 'VALUE',
  text: (fact) => valueWords(fact.value),
  style: (fact, paint) => (fact.isDefault ? undefined : paint.bold),
}
const origin: Column<ConfigFact> = { title: 'ORIGIN', text: (fact) => fact.origin }

export const config = async (session: Session): Promise<undefined> => {
  const { flags } = session.asked
  if (flags.has('origin') && flags.has('diff'))
    throw new Failure('usage', '--diff says where values come from, too: leave out --origin.')
  const all = (await askServer(session, 'config')) as readonly ConfigFact[]
  const facts = flags.has('diff') ? all.filter(({ isDefault }) => !isDefault) : all
  const columns = flags.has('origin') || flags.has('diff') ? [name, origin, value] : [name, value]
  tell(session, facts, () =>
    facts.length === 0 ? ['Everything is the default.'] : renderTable(columns, facts, session),
  )
  return undefined
}
