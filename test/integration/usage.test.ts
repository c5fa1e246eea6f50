import { expect, test } from 'vitest'
import { run } from '../support/daemon.ts'

test('--version and --help answer on stdout with 0', async () => {
  const version = await run({ args: ['--version'], bind: [], appArgument: '' })
  expect(version.code).toBe(0)
  expect(version.stdout).toMatch(/^tsgunicorn \(version \d+\.\d+\.\d+\)\n$/)
  const help = await run({ args: ['--help'], bind: [], appArgument: '' })
  expect(help.code).toBe(0)
  expect(help.stdout).toMatch(/--workers/)
  await version.daemon.assertClean()
  await help.daemon.assertClean()
})

test.each([
  ['an unknown flag', ['--wokers', '2'], /--workers/],
  ['a shortened flag that may mean several', ['--worker', '2'], /--workers, --worker-class/],
  ['a flag without its value', ['--workers'], /workers/],
  ['a value of another type', ['--workers', 'many'], /many/],
])('%s is wrong usage: exit 2, words on stderr, nothing started', async (_name, args, words) => {
  const { code, stdout, stderr, daemon } = await run({ args, appArgument: '' })
  expect(code).toBe(2)
  expect(stderr).toMatch(words)
  expect(stderr).not.toMatch(/^\s+at /m)
  expect(stdout).toBe('')
  await daemon.assertClean({ code: 2 })
})

test('without an application it says so and what to do: exit 1', async () => {
  const { code, stderr, daemon } = await run({ appArgument: '' })
  expect(code).toBe(1)
  expect(stderr).toMatch(/No application module specified/)
  await daemon.assertClean({ code: 1, allows: [/No application/] })
})
