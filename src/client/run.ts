/** From the command line to an exit status: reads it, runs the action, explains what went wrong. */
import { shapeVersion } from '../control/status.ts'
import { hasCode } from '../errors.ts'
import { actions } from './actions.ts'
import { type Asked, readArguments } from './arguments.ts'
import { type Failure, failureOf } from './failure.ts'
import { sessionOf } from './session.ts'
import { harmlessLines } from './text.ts'
import { hasColour, paintWith, type World } from './world.ts'

/** The exit status. Never rejects. */
export const run = async (world: World): Promise<number> => {
  let asked: Asked | undefined
  try {
    asked = readArguments(world.argv)
    const action = await actions[asked.command]()
    return (await action(sessionOf(asked, world))) ?? 0
  } catch (thrown) {
    // Whoever reads has seen enough: `tsgunicornc events | head -1`.
    if (hasCode(thrown, 'EPIPE')) return 0
    const failure = failureOf(thrown)
    world.errors.write(explained(failure, asked?.flags ?? new Map(), world))
    return failure.exitStatus
  }
}

/** The command line may not be understood: whether JSON is wanted is asked of its words. */
const explained = (failure: Failure, flags: ReadonlyMap<string, string>, world: World): string => {
  const { code, message, detail } = failure
  if (flags.has('json') || world.argv.includes('--json'))
    return `${JSON.stringify({ version: shapeVersion, error: { code, message, detail } })}\n`
  const paint = paintWith(hasColour(flags, world.env, world.errors))
  // Words of a server may hold those of its clients.
  const lines = [
    `${paint.red('Error:')} ${harmlessLines(message).join('\n')}`,
    ...(detail === null ? [] : ['', ...harmlessLines(detail)]),
  ]
  return `${lines.join('\n')}\n`
}
