/** `init --from`: what another server's configuration becomes is served by the program as it was built. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { start } from '../support/daemon.ts'
import { builtProgram, freePort, repository, temporaryFolder } from '../support/machine.ts'
import { pageFiles } from '../support/pages.ts'

const runFile = promisify(execFile)
const links = { node_modules: join(repository, 'node_modules') }

const write = (folder: string, files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** `tsgunicorn init ...` in a folder. */
const init = async (folder: string, ...args: readonly string[]): Promise<Said> => {
  const env = { ...process.env, PWD: folder, HOME: folder }
  const ended = runFile(process.execPath, [builtProgram, 'init', ...args], { cwd: folder, env })
  return ended.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Said) => error,
  )
}

const express = `
const express = require('express')
const app = express()
app.get('/', (_, response) => {
  const { NODE_ENV, NODE_APP_INSTANCE } = process.env
  response.json({ env: NODE_ENV, instance: NODE_APP_INSTANCE, flags: process.execArgv })
})
process.on('SIGTERM', () => process.exit(0))
app.listen(process.env.PORT, () => process.send('ready'))
`

const ecosystem = (port: number): string => `
const { join } = require('node:path')
module.exports = {
  apps: [{
    name: 'shop',
    script: join('src', 'server.cjs'),
    instances: 2,
    exec_mode: 'cluster',
    node_args: ['--stack-size=900'],
    wait_ready: true,
    kill_timeout: 3000,
    env: { PORT: ${port}, NODE_ENV: 'development' },
    env_production: { NODE_ENV: 'production' },
  }, { name: 'jobs', script: 'jobs.js' }],
}
`

test('an express application is served from what its ecosystem file of pm2 becomes', async () => {
  const port = await freePort()
  const folder = temporaryFolder()
  const files = { 'src/server.cjs': express, 'ecosystem.config.cjs': ecosystem(port) }
  write(folder, files)
  symlinkSync(links.node_modules, join(folder, 'node_modules'))
  const several = await init(folder, '--from', 'ecosystem.config.cjs')
  expect(several).toMatchObject({ code: 2, stdout: '' })
  expect(several.stderr).toContain('tsgunicorn init --from ecosystem.config.cjs --app shop\n')

  const one = await init(folder, '--from', 'ecosystem.config.cjs', '--app', 'shop', '--env', 'production')
  expect(one).toEqual({
    code: 0,
    stdout: 'wrote gunicorn.conf.ts\nwrote .tsgunicorn/config.d.ts\n',
    stderr: '',
  })
  const config = readFileSync(join(folder, 'gunicorn.conf.ts'), 'utf8')
  const server = await start({ config, files, links, bind: [], appArgument: '', target: { port } })
  const old = await server.hasWorkers(2)
  const answer = JSON.parse(await server.get())
  expect(answer).toMatchObject({ env: 'production', instance: expect.stringMatching(/^[01]$/u) })
  expect(answer.flags).toContain('--stack-size=900')
  server.signal('SIGHUP')
  await server.hasWorkers(2, { not: old })
  expect(JSON.parse(await server.get())).toMatchObject({ env: 'production' })
  await server.assertClean()
})

test.each([
  ['a file that is not there', {}, 'nowhere.config.cjs', 1, /nowhere\.config\.cjs does not exist/],
  [
    'a syntax error',
    { 'a.config.cjs': 'module.exports = {\n  apps: ]\n}\n' },
    'a.config.cjs',
    1,
    /a\.config\.cjs:2/,
  ],
  ['no apps', { 'a.config.cjs': 'module.exports = { apps: [] }\n' }, 'a.config.cjs', 1, /has no apps/],
  ['a file of nobody', { 'a.json': '{"a": 1}\n' }, 'a.json', 2, /Known are:[\s\S]*uwsgi\.ini/],
])('%s is told in words, and nothing is written', async (_, files, name, code, words) => {
  const folder = temporaryFolder()
  write(folder, files)
  const said = await init(folder, '--from', name)
  expect(said).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(words) })
  expect(said.stderr).not.toMatch(/^\s+at /mu)
  expect(() => readFileSync(join(folder, 'gunicorn.conf.ts'))).toThrow('ENOENT')
})

const cluster = pageFiles('docs/migrate/cluster.md')

test.each(['server.mjs', 'app.mjs'])(
  '%s of docs/migrate/cluster.md is served by two workers',
  async (name) => {
    const server = await start({ workers: 2, files: { [name]: cluster[name] ?? '' }, appArgument: name })
    const pids = await server.hasWorkers(2)
    expect(await server.get()).toMatch(/^worker \d+\n$/)
    expect(server.processes().length).toBe(pids.length + 1)
    await server.assertClean()
  },
)
