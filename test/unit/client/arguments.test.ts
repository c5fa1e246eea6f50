import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numberOf, readArguments } from '../../../src/client/arguments.ts'
import { commandNames, globalFlags, specOf, synopsis } from '../../../src/client/commands.ts'
import { Failure } from '../../../src/client/failure.ts'

const read = (line: string) => {
  const { command, operands, flags } = readArguments(line.split(' ').filter((word) => word !== ''))
  return { command, operands, flags: Object.fromEntries(flags) }
}

const refusal = (line: string): string => {
  try {
    read(line)
  } catch (error) {
    if (error instanceof Failure) return `${error.exitStatus} ${error.message}`
    throw error
  }
  throw new Error(`${line} is understood`)
}

describe('what is understood', () => {
  test.each([
    ['status', { command: 'status', operands: [], flags: {} }],
    ['--json status', { command: 'status', operands: [], flags: { json: '' } }],
    ['-s a.ctl status --json', { command: 'status', operands: [], flags: { socket: 'a.ctl', json: '' } }],
    ['-sa.ctl status', { command: 'status', operands: [], flags: { socket: 'a.ctl' } }],
    ['status --socket=a=b', { command: 'status', operands: [], flags: { socket: 'a=b' } }],
    ['scale -2', { command: 'scale', operands: ['-2'], flags: {} }],
    ['scale +2', { command: 'scale', operands: ['+2'], flags: {} }],
    ['reload --wait', { command: 'reload', operands: [], flags: { wait: '' } }],
    ['reload --wait=5', { command: 'reload', operands: [], flags: { wait: '5' } }],
    ['restart --wait 12', { command: 'restart', operands: ['12'], flags: { wait: '' } }],
    ['logs -fn 5', { command: 'logs', operands: [], flags: { follow: '', lines: '5' } }],
    ['logs -n5 -f', { command: 'logs', operands: [], flags: { follow: '', lines: '5' } }],
    ['profile heap 7 --output /x', { command: 'profile', operands: ['heap', '7'], flags: { output: '/x' } }],
    ['reload -h', { command: 'help', operands: ['reload'], flags: { help: '' } }],
    ['--version', { command: 'help', operands: [], flags: { version: '' } }],
    ['help scale', { command: 'help', operands: ['scale'], flags: {} }],
  ])('%s', (line, asked) => expect(read(line)).toEqual(asked))

  test('a number is given only when it was', () => {
    expect(numberOf(readArguments(['reload', '--wait=2.5']), 'wait')).toBe(2.5)
    expect(numberOf(readArguments(['reload', '--wait']), 'wait')).toBeUndefined()
    expect(numberOf(readArguments(['reload']), 'wait')).toBeUndefined()
  })
})

describe('what is refused, with exit status 2', () => {
  test.each([
    ['', /^2 What is to be done/],
    ['relod', /'reload'/],
    ['status --jsn', /'--json'/],
    ['status x', /'x' is one too many/],
    ['status --json=1', /takes no value/],
    ['stack', /stack needs PID/],
    ['stack 0', /not a process id/],
    ['stack 12a', /not a process id/],
    ['scale', /scale needs/],
    ['scale 0', /number of workers/],
    ['scale -0', /number of workers/],
    ['scale 1.5', /number of workers/],
    ['profile disk 3', /not cpu, heap/],
    ['completion csh', /not bash, zsh, fish/],
    ['reload --wait=soon', /not a number/],
    ['--timeout', /needs a value/],
    ['status --timeout', /needs a value/],
    ['status --socket=', /needs a value/],
  ])('%s', (line, words) => expect(refusal(line)).toMatch(words))
})

test('whatever is typed is understood or refused, never a fault', () => {
  const word = fc.oneof(
    fc.constantFrom(...commandNames, ...globalFlags.flatMap(({ name, short }) => [`--${name}`, `-${short}`])),
    fc.string({ maxLength: 6 }),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (argv) => {
      try {
        readArguments(argv)
      } catch (error) {
        expect(error).toBeInstanceOf(Failure)
      }
    }),
  )
})

test('the table: flags of a command do not hide global ones, and each synopsis begins with its name', () => {
  const globals = globalFlags.flatMap(({ name, short }) => [name, ...(short === undefined ? [] : [short])])
  for (const name of commandNames) {
    const own = specOf(name).flags.flatMap((flag) => [flag.name, flag.short])
    expect(own.filter((flag) => flag !== undefined && globals.includes(flag))).toEqual([])
    expect(synopsis(name).startsWith(name)).toBe(true)
  }
})
