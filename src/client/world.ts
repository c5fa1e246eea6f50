/** What the program is given of its surroundings, so that nothing below reads them itself. Types and colours. */
import picocolors from 'picocolors'

export interface World {
  /** Without Node and the program. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly directory: string
  readonly uid: number
  readonly output: NodeJS.WriteStream & { readonly fd: number }
  readonly errors: NodeJS.WriteStream
  readonly input: NodeJS.ReadStream
}

export type Paint = Pick<
  ReturnType<typeof picocolors.createColors>,
  'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'inverse' | 'isColorSupported'
>

/**
 * Colours for a stream. A flag of the command line is the latest word; then NO_COLOR (no-color.org: any value that is
 * not empty); else a terminal that is not dumb has them.
 */
export const hasColour = (
  flags: ReadonlyMap<string, string>,
  env: World['env'],
  stream: { readonly isTTY?: boolean },
): boolean => {
  if (flags.has('no-color')) return false
  if (flags.has('color')) return true
  if (env['NO_COLOR']) return false
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

export const paintWith = (colour: boolean): Paint => picocolors.createColors(colour)
