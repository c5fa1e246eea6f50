import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { ambient } from '../../../src/config/ambient.ts'

const compiler = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'tsgunicorn-ambient-'))
afterAll(() => rmSync(directory, { recursive: true }))

mkdirSync(join(directory, '.tsgunicorn'))
writeFileSync(join(directory, '.tsgunicorn/config.d.ts'), ambient)

/** What the compiler says of a configuration where no package is installed: lines of errors. */
const complaints = (body: string): readonly string[] => {
  const file = join(directory, 'gunicorn.conf.ts')
  writeFileSync(
    file,
    `/// <reference path="./.tsgunicorn/config.d.ts" />\nimport { defineConfig } from 'tsgunicorn'\n${body}`,
  )
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    '',
    '--pretty',
    'false',
  ]
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, ...flags, file], {
    cwd: directory,
    encoding: 'utf8',
    timeout: 15_000,
  })
  return `${stdout}${stderr}`.split('\n').filter((line) => /error TS/.test(line))
}

test('a configuration is understood without the package being installed', () => {
  expect(
    complaints(`export default defineConfig(({ env }) => ({
      workers: 'auto', bind: env['ADDRESS'] ?? ['[::]:8000'], umask: '0022', pidfile: undefined,
      pre_fork(server, worker) { server.log.info(String(worker.age)) },
      async post_request(worker, request, environ, response) { worker.log.debug(request.path + response.status_code) },
    }))`),
  ).toEqual([])
})

test('an object alone is typed as well, hooks included', () => {
  expect(
    complaints(`export default defineConfig({
      loglevel: 'debug',
      nworkers_changed(server, now, before) { server.log.info((now - (before ?? 0)).toFixed(0)) },
    })`),
  ).toEqual([])
})

test('wrong values, names and hook parameters are errors in the editor', () => {
  const wrong = complaints(`
    defineConfig({ loglevel: 'loud' })
    defineConfig({ worker: 4 })
    defineConfig({ on_exit(server) { server.nothing() } })
    defineConfig({ on_exit: (server, worker) => undefined })`)
  const lines = wrong.map((line) => Number(/conf\.ts\((\d+),/.exec(line)?.[1]))
  expect([...new Set(lines)]).toEqual([4, 5, 6, 7])
})

test('the declaration imports nothing', () => {
  expect(ambient).not.toMatch(/\bimport\b[^;\n]*\bfrom\b|\bimport\(|node:/)
})
