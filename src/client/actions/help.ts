/** `help`, `--help` and `--version`. */
import { version } from '../../version.ts'
import { isCommandName } from '../commands.ts'
import { Failure } from '../failure.ts'
import { commandHelpLines, helpLines } from '../help.ts'
import { type Session, tell } from '../session.ts'

export const help = async (session: Session): Promise<undefined> => {
  const { operands, flags } = session.asked
  const [name] = operands
  if (flags.has('version') && !flags.has('help')) {
    tell(session, { server: version }, () => [`tsgunicornc (version ${version})`])
    return undefined
  }
  if (name !== undefined && !isCommandName(name))
    throw new Failure('usage', `'${name}' is not a command. "tsgunicornc help" lists them.`)
  const lines = name === undefined ? helpLines() : commandHelpLines(name)
  tell(session, lines.join('\n'), () => lines)
  return undefined
}
