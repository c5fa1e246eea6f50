/** The form of a recipe, and how words are quoted in the files that recipes write. */
import type { Facts } from './facts.ts'

export interface Recipe {
  /** What it is for, for tables and help. */
  readonly summary: string
  /** Path below the project's folder -> text. Throws TSG_USAGE where the project cannot be run this way. */
  readonly files: (facts: Facts) => Readonly<Record<string, string>>
  /** What to do next: commands, and sentences that begin with `#`. */
  readonly next: (facts: Facts) => readonly string[]
}

/** What starts the server on this machine, as words. */
export const commandOf = ({ program, arguments: args }: Facts): readonly string[] => [...program, ...args]

const plain = /^[\w@%+=:,./-]+$/

/** A word of a shell's command line. */
export const shellWord = (word: string): string =>
  plain.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`

/** A word of ExecStart= (systemd.service(5), "Command lines"); `%` and `$` mean themselves. */
export const systemdWord = (word: string): string => {
  const text = word.replaceAll('\\', '\\\\').replaceAll('%', '%%').replaceAll('$', '$$$$')
  return plain.test(text) ? text : `"${text.replaceAll('"', '\\"')}"`
}

/** A word of Supervisor's `command`, which is read as a shell does, after `%` has been. */
export const supervisorWord = (word: string): string => shellWord(word).replaceAll('%', '%%')

export const words = (list: readonly string[], quote: (word: string) => string): string =>
  list.map(quote).join(' ')

/** Lines, without those that are left out. */
export const lines = (...given: ReadonlyArray<string | undefined>): string =>
  `${given.filter((line) => line !== undefined).join('\n')}\n`
