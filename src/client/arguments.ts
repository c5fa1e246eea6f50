/**
 * Reads the command line by the table of commands: which command, its operands and flags. It reads no file.
 *
 * A reader of its own, for `scale -2` is no flag, `--wait` may have a value or not, and a start has no time for a parser.
 */
import {
  type CommandName,
  type CommandSpec,
  commandNames,
  type FlagSpec,
  globalFlags,
  isCommandName,
  type OperandSpec,
  specOf,
} from './commands.ts'
import { Failure } from './failure.ts'

export interface Asked {
  readonly command: CommandName
  /** In the order of the table; those that are left out are absent. */
  readonly operands: readonly string[]
  /** Long names. A switch is ''. */
  readonly flags: ReadonlyMap<string, string>
}

/** Reads `argv` (without Node and the program). Throws a Failure of kind `usage`. */
export const readArguments = (argv: readonly string[]): Asked => {
  const word = commandWord(argv)
  if (word !== undefined && !isCommandName(word)) throw unknownCommand(word)
  const spec = word === undefined ? undefined : specOf(word)
  const { operands, flags } = readTokens(argv, [...globalFlags, ...(spec?.flags ?? [])])
  if (flags.has('help')) return { command: 'help', operands: word === undefined ? [] : [word], flags }
  if (flags.has('version')) return { command: 'help', operands: [], flags }
  if (word === undefined || spec === undefined) throw noCommand()
  const own = operands.slice(1)
  judgeOperands(word, spec, own)
  return { command: word, operands: own, flags }
}

/** A flag's number, or undefined when it is not given or has no value. */
export const numberOf = ({ flags }: Asked, name: string): number | undefined => {
  const text = flags.get(name)
  return text === undefined || text === '' ? undefined : Number(text)
}

// --- tokens ---

interface Tokens {
  readonly operands: string[]
  readonly flags: Map<string, string>
}

/** The first token that is neither a flag nor a global flag's value. */
const commandWord = (argv: readonly string[]): string | undefined => {
  for (let at = 0; at < argv.length; at++) {
    const token = argv[at] ?? ''
    if (!isFlag(token)) return token
    if (takesNext(token, globalFlags)) at++
  }
  return undefined
}

const isFlag = (token: string): boolean => /^-[^\d]/.test(token)

const takesNext = (token: string, known: readonly FlagSpec[]): boolean => {
  const flag = flagOf(token, known)
  return flag?.value !== undefined && !flag.value.optional && !attached(token)
}

const attached = (token: string): boolean => (token.startsWith('--') ? token.includes('=') : token.length > 2)

const flagOf = (token: string, known: readonly FlagSpec[]): FlagSpec | undefined =>
  token.startsWith('--')
    ? known.find(({ name }) => name === token.slice(2).split('=')[0])
    : known.find(({ short }) => short === token[1])

const readTokens = (argv: readonly string[], known: readonly FlagSpec[]): Tokens => {
  const read: Tokens = { operands: [], flags: new Map() }
  for (let at = 0; at < argv.length; at++) {
    const token = argv[at] ?? ''
    if (!isFlag(token)) {
      read.operands.push(token)
      continue
    }
    const flag = flagOf(token, known)
    if (flag === undefined) throw unknownFlag(token, known)
    const next = takesNext(token, known)
    if (next) at++
    read.flags.set(flag.name, textOf(flag, token, next ? argv[at] : undefined))
    // `-fn 5`: what follows a switch of one letter are others.
    if (flag.value === undefined && !token.startsWith('--') && token.length > 2) {
      const rest = readTokens([`-${token.slice(2)}`, ...argv.slice(at + 1)], known)
      return {
        operands: [...read.operands, ...rest.operands],
        flags: new Map([...read.flags, ...rest.flags]),
      }
    }
  }
  return read
}

const textOf = (flag: FlagSpec, token: string, next: string | undefined): string => {
  const { value } = flag
  const text = attachedText(token, flag) ?? next
  if (value === undefined) {
    if (token.startsWith('--') && text !== undefined) throw usage(`--${flag.name} takes no value.`)
    return ''
  }
  if (text === undefined || (text === '' && !value.optional)) {
    if (value.optional) return ''
    throw usage(`${token} needs a value: ${value.name}.`)
  }
  if (value.number && !/^\d+(\.\d+)?$/.test(text)) {
    throw usage(`--${flag.name} '${text}' is not a number of ${value.name.toLowerCase()}.`)
  }
  return text
}

const attachedText = (token: string, flag: FlagSpec): string | undefined => {
  if (token.startsWith('--')) return token.includes('=') ? token.slice(token.indexOf('=') + 1) : undefined
  return flag.value !== undefined && token.length > 2 ? token.slice(2).replace(/^=/, '') : undefined
}

// --- operands ---

const judgeOperands = (command: CommandName, spec: CommandSpec, given: readonly string[]): void => {
  const missing = spec.operands[given.length]
  if (missing !== undefined && !missing.optional)
    throw usage(`${command} needs ${missing.words?.join(' or ') ?? missing.name}.`, command)
  const [unexpected] = given.slice(spec.operands.length)
  if (unexpected !== undefined) throw usage(`${command}: '${unexpected}' is one too many.`, command)
  given.forEach((text, at) => {
    const operand = spec.operands[at]
    const allowed = operand === undefined ? undefined : allowedOf(operand, text)
    if (allowed !== undefined) throw usage(`${command}: '${text}' is not ${allowed}.`, command)
  })
}

/** What is allowed, in words, when `text` is not. */
const allowedOf = ({ words, kind }: OperandSpec, text: string): string | undefined => {
  if (words !== undefined) return words.includes(text) ? undefined : words.join(', ')
  if (kind === 'pid')
    return /^[1-9]\d{0,9}$/.test(text) ? undefined : 'a process id: "tsgunicornc status" lists them'
  if (kind === 'scale')
    return /^(?:[1-9]\d{0,5}|[+-][1-9]\d{0,5})$/.test(text)
      ? undefined
      : 'a number of workers: N (from 1), +N or -N'
  return undefined
}

// --- failures ---

const usage = (message: string, command?: CommandName): Failure =>
  new Failure('usage', `${message} See "tsgunicornc help${command === undefined ? '' : ` ${command}`}".`)

const noCommand = (): Failure => usage('What is to be done? "tsgunicornc status" tells how the server is.')

const unknownCommand = (word: string): Failure => {
  const near = nearest(word, commandNames)
  return usage(`'${word}' is not a command.${near === undefined ? '' : ` Did you mean '${near}'?`}`)
}

const unknownFlag = (token: string, known: readonly FlagSpec[]): Failure => {
  const near = nearest(
    token.replace(/^-+/, '').split('=')[0] ?? '',
    known.map(({ name }) => name),
  )
  return usage(`'${token}' is not understood.${near === undefined ? '' : ` Did you mean '--${near}'?`}`)
}

/** One that begins alike, or has the same letters with one or two that differ. */
const nearest = (word: string, names: readonly string[]): string | undefined =>
  names.find((name) => word.length > 1 && name.startsWith(word)) ??
  names.find((name) => distance(word, name) <= Math.min(2, Math.floor(name.length / 2)))

const distance = (left: string, right: string): number => {
  let row = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (const [y, letter] of [...left].entries()) {
    const next = [y + 1]
    for (const [x, other] of [...right].entries()) {
      const same = (row[x] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(same, (row[x + 1] ?? 0) + 1, (next[x] ?? 0) + 1))
    }
    row = next
  }
  return row[right.length] ?? 0
}
