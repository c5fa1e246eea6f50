import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { writeStarter } from '../../../src/cli/init.ts'
import { ambient } from '../../../src/config/ambient.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { settings } from '../../../src/config/settings/index.ts'
import { useProject } from '../config/project.ts'

const project = useProject()
const init = (force = false) => writeStarter({ directory: project.directory, force })
const textOf = (name: string) => readFileSync(project.path(name), 'utf8')
const load = () =>
  loadConfig({
    directory: project.directory,
    env: {},
    commandLine: {},
    commandVariable: {},
    needsApp: false,
  })

test('init writes a starter that changes nothing, and the declarations it refers to', async () => {
  expect(await init()).toEqual(['gunicorn.conf.ts', '.tsgunicorn/config.d.ts'])
  expect(textOf('.tsgunicorn/config.d.ts')).toBe(ambient)
  const { origins } = await load()
  expect(Object.values(origins).every(({ kind }) => kind === 'default')).toBe(true)
})

test('what the starter proposes is understood once it is no comment', async () => {
  await init()
  const settingLines = textOf('gunicorn.conf.ts').replace(/^ {2}\/\/ (?=[a-z_]+: |[a-z_]+\(| {2}|\})/gm, '  ')
  project.write({ 'gunicorn.conf.ts': settingLines })
  const { origins } = await load()
  const given = Object.keys(origins).filter((name) => origins[name]?.kind === 'file')
  const proposed = [...settingLines.matchAll(/^ {2}([a-z_]+)[:(]/gm)].map(([, name]) => name)
  expect(given.sort()).toEqual(proposed.sort())
  expect(given.length).toBeGreaterThan(8)
  expect(given.every((name) => name in settings)).toBe(true)
})

test.each(['gunicorn.conf.ts', '.tsgunicorn/config.d.ts'])('init does not overwrite %s', async (name) => {
  project.write({ [name]: 'mine' })
  await expect(init()).rejects.toThrow(/already there. Use --force/)
  expect(textOf(name)).toBe('mine')
})

test('init --force does', async () => {
  project.write({ 'gunicorn.conf.ts': 'mine' })
  await init(true)
  expect(textOf('gunicorn.conf.ts')).toContain('defineConfig')
})
