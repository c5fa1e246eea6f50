/** `logs`: the files that the configuration names, each line as it is; several files take turns under their names. */
import { setTimeout as pause } from 'node:timers/promises'
import type { ConfigFact } from '../../control/status.ts'
import { messageOf } from '../../errors.ts'
import { numberOf } from '../arguments.ts'
import { Failure } from '../failure.ts'
import { findServer, type Session, writeLine } from '../session.ts'
import { Tail } from './tail.ts'
import { logTargets } from './targets.ts'

const defaultLines = 10
/** Milliseconds between two looks. A watcher would have to follow renames of files and folders; a look costs two calls. */
const interval = 200

export const logs = async (session: Session): Promise<undefined> => {
  const { connection, directory, status } = await findServer(session)
  const facts = (await connection.ask('config', {}, session.timeout)) as readonly ConfigFact[]
  const { files, notes } = logTargets(facts, directory)
  for (const note of notes) session.world.errors.write(`${note}\n`)
  if (files.length === 0)
    throw new Failure('failed', `No log of ${status.name} goes to a file.`, { code: 'no-log-file' })
  const printer = new Printer(session, files.length > 1)
  const tails = files.map((file) => new Tail(file))
  const count = numberOf(session.asked, 'lines') ?? defaultLines
  for (const tail of tails)
    printer.print(
      tail,
      reading(tail, () => tail.last(count)),
    )
  if (session.asked.flags.has('follow')) await follow(tails, printer, connection.closed)
  connection.close()
  for (const tail of tails) tail.close()
  return undefined
}

/** Until the server is gone, and what it wrote at last is told. */
const follow = async (tails: readonly Tail[], printer: Printer, closed: Promise<void>): Promise<void> => {
  let gone = false
  const end = closed.then(() => {
    gone = true
  })
  for (;;) {
    const last = gone
    for (const tail of tails)
      printer.print(
        tail,
        reading(tail, () => tail.more()),
      )
    if (last) return
    await Promise.race([end, pause(interval)])
  }
}

const reading = (tail: Tail, read: () => readonly string[]): readonly string[] => {
  try {
    return read()
  } catch (cause) {
    throw new Failure('failed', `${tail.path} cannot be read: ${messageOf(cause)}.`, {
      code: 'permission',
      cause,
    })
  }
}

class Printer {
  readonly #session: Session
  readonly #named: boolean
  #current: string | undefined

  constructor(session: Session, named: boolean) {
    this.#session = session
    this.#named = named
  }

  print({ path }: Tail, lines: readonly string[]): void {
    if (lines.length === 0) return
    if (this.#session.json) {
      for (const line of lines) writeLine(this.#session, JSON.stringify({ file: path, line }))
      return
    }
    if (this.#named && this.#current !== path) {
      if (this.#current !== undefined) writeLine(this.#session, '')
      writeLine(this.#session, this.#session.paint.bold(`==> ${path} <==`))
    }
    this.#current = path
    for (const line of lines) writeLine(this.#session, line)
  }
}
