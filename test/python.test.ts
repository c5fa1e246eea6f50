/**
 * The Python package: its own unit tests (test/python/), a file of unittest each, run by the python3 of the path; and
 * its style and types, judged by ruff and mypy.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from './support/machine.ts'
import { plainPython, pythonTools } from './support/python.ts'

const folder = join(repository, 'test/python')
const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^test_\w+\.py$/.test(name)) : []
const { python, label, missing } = plainPython()

const unittest = (name: string) =>
  spawnSync(python, ['-X', 'dev', '-m', 'unittest', 'discover', '-s', folder, '-p', name], {
    cwd: repository,
    encoding: 'utf8',
    timeout: 110_000,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })

test('there are unit tests in Python', () => {
  expect(files).not.toEqual([])
})

test.skipIf(missing !== undefined).each(files)(`%s (${label})`, { timeout: 120_000 }, (name) => {
  const { status, signal, stdout, stderr } = unittest(name)
  // 5 is what Python 3.12 says when nothing ran; older ones say it in words alone.
  const ran = !/^Ran 0 tests/m.test(stderr)
  expect({ status, signal, ran }, `${stdout}\n${stderr}`).toEqual({ status: 0, signal: null, ran: true })
})

const source = join(repository, 'src/python')
const tools = await pythonTools()

/** src/python/ruff.toml says what ruff asks for. */
const judges = [
  ['is formatted', ['ruff', 'format', '--no-cache', '--check', 'tsgunicorn_wsgi']],
  ['has nothing to mend', ['ruff', 'check', '--no-cache', 'tsgunicorn_wsgi']],
  ['has types that hold', ['mypy', '--strict', '--cache-dir', devNull, 'tsgunicorn_wsgi']],
] as const

test.skipIf(tools.missing !== undefined).each(judges)(
  `the package %s (${tools.label})`,
  { timeout: 120_000 },
  (_, [tool, ...args]) => {
    const { status, stdout, stderr } = spawnSync(tools.python, ['-m', tool, ...args], {
      cwd: source,
      encoding: 'utf8',
      timeout: 110_000,
    })
    expect({ status }, `${stdout}\n${stderr}`).toEqual({ status: 0 })
  },
)
