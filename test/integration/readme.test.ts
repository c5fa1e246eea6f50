/** What the README shows is tried as it stands there. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run, start } from '../support/daemon.ts'
import { repository } from '../support/machine.ts'

const readme = readFileSync(join(repository, 'README.md'), 'utf8')

const configuration = /^```ts\n(\/\/ gunicorn\.conf\.ts\n[\s\S]*?)^```$/m.exec(readme)?.[1] ?? ''

const app = `export default (_request: unknown, response: { end(text: string): void }) => response.end('hello')\n`

test('the configuration of the README is accepted by --check-config', async () => {
  const { code, stderr, daemon } = await run({
    config: configuration,
    files: { 'app.ts': app },
    bind: [],
    appArgument: '',
    args: ['--check-config'],
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  await daemon.assertClean()
})

test('the configuration of the README serves, and its hook says where', async () => {
  expect(configuration.trimEnd().split('\n')).toHaveLength(12)
  const server = await start({
    config: configuration,
    files: { 'app.ts': app },
    appArgument: '',
    until: 'serving',
  })
  await server.logged(new RegExp(`serving .*127\\.0\\.0\\.1:${server.port}`))
  await server.assertClean()
})
