import { describe, expect, test } from 'vitest'
import { throwingApp } from '../support/apps.ts'
import { run } from '../support/daemon.ts'

const stories = [
  [
    'a module that does not exist',
    { appArgument: 'nowhere.mjs' },
    3,
    [/nowhere\.mjs/, /Worker failed to boot\./],
  ],
  [
    'a module that throws',
    { app: throwingApp },
    3,
    [/thrown while loading/, /app\.mjs:1/, /Worker failed to boot\./],
  ],
  ['a syntax error', { app: 'export default (\n' }, 3, [/app\.mjs/, /Worker failed to boot\./]],
  [
    'an attribute that does not exist',
    { appArgument: 'app.mjs:aplication' },
    4,
    [/aplication/, /default/, /App failed to load\./],
  ],
  ['an export that is no application', { app: 'export default 42\n' }, 4, [/App failed to load\./]],
] as const

describe.each([1, 4])('with %i workers', (workers) => {
  test.each(stories)('%s: the exit code is always the same', async (_name, options, wanted, words) => {
    const { code, stderr, daemon } = await run({ ...options, workers, args: ['-p', 'server.pid'] })
    for (const word of words) expect(stderr).toMatch(word)
    expect(code).toBe(wanted)
    await daemon.assertClean({ code: wanted, allows: [/./] })
  })
})
