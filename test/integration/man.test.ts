/** The manual pages, read by the programs that show them. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../support/machine.ts'

const folder = join(repository, 'man')
const pages = readdirSync(folder).sort()

const run = (program: string, ...args: string[]) =>
  spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '80', MANPAGER: 'cat' },
  })

/** man-db as it should be: minimal images of Debian have a `man` that only says that it is not there. */
const hasMan = /^man \d/.test(run('man', '--version').stdout ?? '')
const hasMandoc = run('mandoc', '-T', 'lint', join(folder, 'tsgunicorn.8')).error === undefined

test('there are three', () => {
  expect(pages).toEqual(['gunicorn.conf.5', 'tsgunicorn.8', 'tsgunicornc.1'])
})

describe.skipIf(!hasMan)('man --warnings (skipped where man-db is not installed)', () => {
  test.each(pages)('has nothing to say of %s, and shows it', (page) => {
    const { status, stdout, stderr } = run('man', '--warnings', '-l', join(folder, page))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('NAME')
    expect(stdout).toContain('SEE ALSO')
  })

  test('has something to say of a page that is wrong', () => {
    const wrong = spawnSync('man', ['--warnings', '-l', '-'], {
      encoding: 'utf8',
      input: '.TH X 1\n.SH NAME\nx \\- y\n.nosuchrequest\n',
      env: { ...process.env, LC_ALL: 'C.UTF-8', MANPAGER: 'cat' },
    })
    expect(wrong.stderr).toMatch(/nosuchrequest/)
  })
})

describe.skipIf(!hasMandoc)('mandoc -T lint (skipped where mandoc is not installed)', () => {
  test.each(pages)('finds no error and no warning in %s', (page) => {
    const { stdout } = run('mandoc', '-T', 'lint', '-W', 'warning', join(folder, page))
    // They have no date: the same tables make the same page, whenever.
    const said = stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'))
    expect(said).toEqual([])
  })
})

const sections: Readonly<Record<string, readonly string[]>> = {
  'tsgunicorn.8': ['OPTIONS', 'SIGNALS', 'ENVIRONMENT', 'FILES', 'EXIT STATUS', 'EXAMPLES', 'SEE ALSO'],
  'tsgunicornc.1': ['OPTIONS', 'COMMANDS', 'ENVIRONMENT', 'FILES', 'EXIT STATUS', 'EXAMPLES', 'SEE ALSO'],
  'gunicorn.conf.5': ['DESCRIPTION', 'SETTINGS', 'ENVIRONMENT', 'FILES', 'EXAMPLES', 'SEE ALSO'],
}

test.each(Object.entries(sections))('%s has its sections, in the usual order', (page, names) => {
  const found = [...readFileSync(join(folder, page), 'utf8').matchAll(/^\.SH "(.*)"$/gm)].map(
    ([, name]) => name,
  )
  expect(found.filter((name) => names.includes(name ?? ''))).toEqual(names)
})
