/** Bytes of a terminal in raw mode, as names of what they ask for. Pure. */

const names: Readonly<Record<string, string>> = {
  '\x1b[A': 'up',
  '\x1bOA': 'up',
  k: 'up',
  '\x1b[B': 'down',
  '\x1bOB': 'down',
  j: 'down',
  '\x1b[C': 'right',
  '\x1bOC': 'right',
  '>': 'right',
  l: 'right',
  '\x1b[D': 'left',
  '\x1bOD': 'left',
  '<': 'left',
  h: 'left',
  '\x1b[5~': 'page-up',
  '\x1b[6~': 'page-down',
  ' ': 'page-down',
  '\x1b[H': 'home',
  '\x1b[1~': 'home',
  g: 'home',
  '\x1b[F': 'end',
  '\x1b[4~': 'end',
  G: 'end',
  i: 'invert',
  d: 'drain',
  r: 'restart',
  s: 'stack',
  '\r': 'stack',
  '?': 'help',
  q: 'back',
  '\x1b': 'back',
  '\x03': 'interrupt',
  '\x1a': 'suspend',
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are told by them.
const one = /\x1b\[[\d;]*[A-Za-z~]|\x1bO[A-Z]|\x1b|[\s\S]/gu

/** The names of the keys in one piece of input; keys that mean nothing are left out. */
export const keysIn = (text: string): readonly string[] =>
  [...text.matchAll(one)].flatMap(([key]) => names[key] ?? [])
