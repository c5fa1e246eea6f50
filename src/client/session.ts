/** What an action is given: the command line as it was read, how to print, and the server once it asks for it. */
import { shapeVersion } from '../control/status.ts'
import { isRecord } from '../util/is-record.ts'
import { type Asked, numberOf } from './arguments.ts'
import { commands, defaultTimeout } from './commands.ts'
import { type Found, seek } from './seek.ts'
import { hasColour, type Paint, paintWith, type World } from './world.ts'

export interface Session {
  readonly world: World
  readonly asked: Asked
  readonly json: boolean
  /** Colours of the output. */
  readonly paint: Paint
  /** Columns of the terminal; Infinity for a pipe. */
  readonly width: number
  /** Milliseconds that an answer may take. */
  readonly timeout: number
}

export const sessionOf = (asked: Asked, world: World): Session => ({
  world,
  asked,
  json: asked.flags.has('json'),
  paint: paintWith(hasColour(asked.flags, world.env, world.output)),
  width: world.output.isTTY ? world.output.columns || 80 : Number.POSITIVE_INFINITY,
  timeout: (numberOf(asked, 'timeout') ?? defaultTimeout) * 1000,
})

/** The server that is meant. Rejects with a Failure. Whoever asks closes its connection. */
export const findServer = ({ asked, world, timeout }: Session): Promise<Found> => {
  const socket = asked.flags.get('socket')
  const pidfile = asked.flags.get('pid')
  return seek(
    {
      timeout,
      changes: commands[asked.command].group === 'Change',
      ...(socket === undefined ? {} : { socket }),
      ...(pidfile === undefined ? {} : { pidfile }),
    },
    world,
  )
}

/** Asks one question of the server and gives the answer's data. Rejects with a Failure. */
export const askServer = async (
  session: Session,
  command: string,
  args: Readonly<Record<string, unknown>> = {},
  timeout = session.timeout,
): Promise<unknown> => {
  const { connection } = await findServer(session)
  try {
    return await connection.ask(command, args, timeout)
  } finally {
    connection.close()
  }
}

/** Prints lines for people, or with `--json` the data. */
export const tell = (session: Session, data: unknown, lines: () => readonly string[]): void => {
  if (session.json) writeLine(session, JSON.stringify(versioned(session.asked.command, data)))
  else for (const line of lines()) writeLine(session, line)
}

/** The fields of an object beside `version`; anything else by the name of its command. */
export const versioned = (command: string, data: unknown): Record<string, unknown> =>
  isRecord(data) && !Array.isArray(data)
    ? { version: shapeVersion, ...data }
    : { version: shapeVersion, ...(data === null || data === undefined ? {} : { [command]: data }) }

export const writeLine = ({ world }: Session, line: string): void => void world.output.write(`${line}\n`)
