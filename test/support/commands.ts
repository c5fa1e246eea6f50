/**
 * The commands in code: which words of which of our two programs a line runs. A flag belongs to us when it follows one
 * of the programs, or stands alone; what other programs are given is theirs.
 */

interface Use {
  readonly program: 'tsgunicorn' | 'tsgunicornc'
  /** The words behind the program's name, up to the end of the command. */
  readonly words: readonly string[]
}

const runs =
  /(?:^|[\s'"(=]|\/)(?:\S*\/)?(tsgunicornc?)(?=$|[ '"])([^|;&)\n]*?)(?= {2}|[|;&)]|$)|\bGUNICORN_CMD_ARGS=(?:'([^']*)'|"([^"]*)")/gm

/** What a text of code runs of ours. */
export const usesIn = (code: string): readonly Use[] =>
  [...code.replaceAll(/\\\n/g, ' ').matchAll(runs)].map(
    ([, program = 'tsgunicorn', rest = '', single, double]) => ({
      program: program === 'tsgunicornc' ? 'tsgunicornc' : 'tsgunicorn',
      words: wordsOf(single ?? double ?? rest),
    }),
  )

/** Without comments, and without what stands behind `--`: that is the application's. */
const wordsOf = (text: string): readonly string[] => {
  const words = text
    .replace(/\s#.*$/, '')
    .trim()
    .split(/\s+/)
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).map((word) => word.replace(/^['"]|['",.]+$/g, ''))
}

/** The flags among words, without their values. */
export const flagsOf = (words: readonly string[]): readonly string[] =>
  words
    .filter((word) => /^--?[a-zA-Z]/.test(word))
    .map((word) => word.replace(/[=[].*$/, ''))
    .filter((flag) => flag.startsWith('--'))
