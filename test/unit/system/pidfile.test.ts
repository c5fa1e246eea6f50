import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ownsPidfile, Pidfile, pidfileOwner } from '../../../src/system/pidfile.ts'
import { parseStat, startedAt, statOf } from '../../../src/system/processes.ts'

let directory = ''
let path = ''
const children: ChildProcess[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsg-pid-'))
  path = join(directory, 'm.pid')
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
})

/** A process that lives; `mark` stands in its command. */
const other = async (mark: string): Promise<number> => {
  const child = spawn(process.execPath, ['-e', "console.log('up');setInterval(()=>{},1e6)", mark], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

const owned = { alive: true, isSelf: false, isOurs: true, startedAt: 1000, writtenAt: 2000 }

test.each([
  ['a living master that wrote it', owned, true],
  ['a process that is gone', { ...owned, alive: false }, false],
  ['ourselves, with a pid used again', { ...owned, isSelf: true }, false],
  ['a process that is no master', { ...owned, isOurs: false }, false],
  ['a process younger than the file', { ...owned, startedAt: 60_000 }, false],
  ['a process of which nothing can be known', { ...owned, isOurs: undefined, startedAt: undefined }, true],
])('%s: owned %s', (_, facts, isOwned) => {
  expect(ownsPidfile(facts)).toBe(isOwned)
})

test('the file holds the pid and a newline, may be read by all, and leaves nothing beside it', () => {
  const pidfile = Pidfile.create(path)
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`)
  expect(statSync(path).mode & 0o777).toBe(0o644)
  expect(readdirSync(directory)).toEqual(['m.pid'])
  pidfile.unlink()
  expect(existsSync(path)).toBe(false)
})

test('a living master is not replaced', async () => {
  const pid = await other('tsgunicorn')
  writeFileSync(path, `${pid}\n`)
  expect(() => Pidfile.create(path)).toThrow(`Already running on PID ${pid} (pid file ${path})`)
  expect(pidfileOwner(path)).toBe(pid)
  expect(readdirSync(directory)).toEqual(['m.pid'])
})

test.runIf(process.platform === 'linux')(
  'a living process that is no master, or came later, is replaced',
  async () => {
    writeFileSync(path, `${await other('something-else')}\n`)
    Pidfile.create(path)
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`)
    writeFileSync(path, `${await other('tsgunicorn')}\n`)
    utimesSync(path, 1000, 1000)
    Pidfile.create(path)
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`)
  },
)

test.each(['', 'garbage', '-1', '0', '99999999999999', '4194305\n', '1 2'])('%j is stale', (text) => {
  writeFileSync(path, text)
  Pidfile.create(path)
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`)
  expect(readdirSync(directory)).toEqual(['m.pid'])
})

test('a directory that is missing is named', () => {
  expect(() => Pidfile.create('/no/such/m.pid')).toThrow(
    /cannot write \/no\/such\/m.pid.*\/no\/such does not exist/,
  )
})

test('renamed, it has the new name only', () => {
  const pidfile = Pidfile.create(`${path}.2`)
  writeFileSync(path, '4194305\n')
  pidfile.rename(path)
  expect(pidfile.path).toBe(path)
  expect(readdirSync(directory)).toEqual(['m.pid'])
})

test('a rename to a name that is held leaves things as they were', async () => {
  const pidfile = Pidfile.create(`${path}.2`)
  const pid = await other('tsgunicorn')
  writeFileSync(path, `${pid}\n`)
  expect(() => pidfile.rename(path)).toThrow(/Already running/)
  expect(pidfile.path).toBe(`${path}.2`)
  expect(readdirSync(directory)).toEqual(['m.pid', 'm.pid.2'])
})

test('a master whose end was heard of does not hold its file, though its process is still there', async () => {
  const pidfile = Pidfile.create(`${path}.2`)
  const pid = await other('tsgunicorn')
  writeFileSync(path, `${pid}\n`)
  expect(() => pidfile.rename(path, pid + 1)).toThrow(/Already running/)
  pidfile.rename(path, pid)
  expect(readFileSync(path, 'latin1')).toBe(`${process.pid}\n`)
  expect(readdirSync(directory)).toEqual(['m.pid'])
})

/** Says 'up', waits for a line, tries, says what came of it, and lives on: the command bears our name. */
const racer = (): ChildProcess => {
  const module = fileURLToPath(new URL('../../../src/system/pidfile.ts', import.meta.url))
  const code = `const {Pidfile}=await import(${JSON.stringify(module)});console.log('up');process.stdin.once('data',()=>{
    try{Pidfile.create(${JSON.stringify(path)});console.log('won')}catch(e){console.log(e.code)}})`
  const args = ['--import', 'tsx', '--input-type=module', '-e', code, 'tsgunicorn']
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

const said = async ({ stdout }: ChildProcess): Promise<string> =>
  stdout === null ? '' : String((await once(stdout, 'data'))[0]).trim()

test('of several that find a stale file at once, one wins', async () => {
  writeFileSync(path, '4194305\n')
  const racers = [racer(), racer(), racer()]
  await Promise.all(racers.map(said))
  const outcomes = racers.map(said)
  for (const { stdin } of racers) stdin?.write('go\n')
  const results = await Promise.all(outcomes)
  expect(results.toSorted()).toEqual(['TSG_PIDFILE_OWNED', 'TSG_PIDFILE_OWNED', 'won'])
  const winner = racers[results.indexOf('won')]
  expect(readFileSync(path, 'utf8')).toBe(`${winner?.pid}\n`)
})

test('a file that holds another pid is left alone', () => {
  const pidfile = Pidfile.create(path)
  writeFileSync(path, '1\n')
  pidfile.unlink()
  expect(readFileSync(path, 'utf8')).toBe('1\n')
})

test('a command with parentheses and spaces does not confuse the reading of /proc/PID/stat', () => {
  const zeros = (count: number): string => Array.from({ length: count }, () => '0').join(' ')
  const tail = `S 42 ${zeros(17)} 777 ${zeros(18)} 5 0 0`
  expect(parseStat(`10 (a) (b c) R) ${tail}`)).toEqual({ state: 'S', parent: 42, startTicks: 777, policy: 5 })
  expect(parseStat('')).toBeUndefined()
})

test.runIf(process.platform === 'linux')('the start of a process is known', async () => {
  const before = Date.now()
  const pid = await other('x')
  expect(statOf(pid)?.parent).toBe(process.pid)
  expect(Math.abs((startedAt(pid) ?? 0) - before)).toBeLessThan(2000)
})
