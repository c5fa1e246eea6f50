import { symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findInterpreter } from '../../../src/python/interpreter.ts'
import { useFolder } from './folder.ts'

const folder = useFolder()

const find = (python?: string, env: Readonly<Record<string, string>> = {}) =>
  findInterpreter({ python, directory: folder.path, env: { PATH: folder.at('bin'), ...env } })

test('each place beats those after it: setting, VIRTUAL_ENV, .venv, venv, python3, python', async () => {
  const places = [
    ['mine/bin/python', 'python', 'mine'],
    ['active/bin/python', 'VIRTUAL_ENV'],
    ['.venv/bin/python', '.venv'],
    ['venv/bin/python', 'venv'],
    ['bin/python3', 'python3'],
    ['bin/python', 'python3'],
  ] as const
  for (const [path, from, setting] of places.toReversed()) {
    folder.python(path)
    const env = from === 'VIRTUAL_ENV' || setting ? { VIRTUAL_ENV: folder.at('active') } : undefined
    expect(await find(setting, env)).toEqual({
      path: folder.at(path),
      version: '3.11.7',
      implementation: 'CPython',
      from,
    })
  }
})

test.each(['./env', 'env', './env/bin/python', 'py'])('the setting may be %s', async (python) => {
  folder.python('env/bin/python', '3.9.0')
  folder.python('bin/py', '3.9.0')
  expect(await find(python)).toMatchObject({ version: '3.9.0', from: 'python' })
})

test('a link is not followed, and what stands on PATH is asked where it really is', async () => {
  const real = folder.python('real/python3.11')
  folder.write('.venv/bin/x')
  symlinkSync(real, folder.at('.venv/bin/python'))
  expect((await find()).path).toBe(folder.at('.venv/bin/python'))
  folder.python('bin/python3', '3.12.0', real)
  expect((await find('python3')).path).toBe(real)
})

test('on PATH the first that can be used is taken', async () => {
  folder.script('bin/python3', 'echo "pyenv: python3: command not found" >&2; exit 127')
  folder.python('other/python3', '3.8.1')
  folder.python('third/python3', '3.14.0')
  const path = (...names: string[]) => ({ PATH: names.map((name) => folder.at(name)).join(':') })
  expect((await find(undefined, path('gone', 'bin', 'other', 'third'))).version).toBe('3.14.0')
  await expect(find(undefined, path('bin', 'other'))).rejects.toMatchObject({
    code: 'TSG_PYTHON',
    message: expect.stringContaining('3.9 or newer'),
    detail: expect.stringMatching(
      /bin\/python3 does not run: it exits with 127\n {2}pyenv: .*\n.*other\/python3 is Python 3\.8\.1, older/,
    ),
  })
})

test('when there is none, the message says what was tried and what to do', async () => {
  await expect(find()).rejects.toMatchObject({
    code: 'TSG_PYTHON',
    message: `There is no Python interpreter. Tried: ${folder.at('.venv/bin/python')}, ${folder.at('venv/bin/python')}, python3 on PATH, python on PATH. Install Python 3.9 or newer, or name one with --python.`,
  })
  folder.python('bin/python3')
  await expect(find('python9')).rejects.toThrow(
    `There is no Python interpreter 'python9' (the setting python). Tried: python9 on PATH, ${folder.at('python9')}.`,
  )
})

test('an environment that is there is used or refused: another Python has not its packages', async () => {
  folder.python('bin/python3')
  folder.write('.venv/bin/x')
  symlinkSync('/nowhere/python3.8', folder.at('.venv/bin/python'))
  await expect(find()).rejects.toThrow(/environment \.venv, .* is a link that leads nowhere\. Make the env/)
})

test.each([
  ['not executable', () => folder.write('x/python'), 'is not executable', undefined],
  [
    'no Python',
    () => folder.script('x/python', 'echo no >&2; exit 3'),
    'does not run: it exits with 3',
    'no',
  ],
  ['silent', () => folder.script('x/python', 'exit 0'), 'does not run: it exits with 0', undefined],
  ['too old', () => folder.python('x/python', '3.8.18'), 'is Python 3.8.18, older than 3.9', undefined],
  ['Python 2', () => folder.script('x/python', 'echo Unknown option: -I >&2; exit 2'), 'is older', undefined],
  ['a text', () => folder.write('x/python', 'text'), 'is not executable', undefined],
])('an interpreter that is %s is refused', async (_what, make, words, detail) => {
  make()
  await expect(find('x/python')).rejects.toMatchObject({
    code: 'TSG_PYTHON',
    message: expect.stringContaining(words),
    detail,
  })
})
