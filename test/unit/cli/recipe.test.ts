import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readArguments } from '../../../src/cli/arguments.ts'
import { writeRecipe } from '../../../src/cli/recipe.ts'
import { gatherFacts } from '../../../src/cli/recipe-facts.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { exampleFacts } from '../../../src/recipes/facts.ts'
import { useProject } from '../config/project.ts'

const project = useProject()

const gathering = async (...argv: readonly string[]) => {
  const line = await readArguments(['init', ...argv])
  const { directory } = project
  const load = () =>
    loadConfig({
      directory,
      env: {},
      commandLine: line.values,
      commandVariable: {},
      ...(line.app === undefined ? {} : { app: line.app }),
    })
  return { line, directory, env: {}, load }
}
const init = async (...argv: readonly string[]) => writeRecipe(await gathering(...argv))
const factsOf = async (...argv: readonly string[]) => {
  const { load, ...rest } = await gathering(...argv)
  return gatherFacts({ ...rest, loaded: await load() })
}
const usage = (words: RegExp) =>
  expect.objectContaining({ code: 'TSG_USAGE', message: expect.stringMatching(words) })

describe('the command line', () => {
  test('has flags and the application as any start has, which go into the files', async () => {
    const line = await readArguments(['init', 'nginx', '--listen=8080', '-w', '3', '--force', './app.js'])
    expect(line).toMatchObject({
      action: 'recipe',
      app: './app.js',
      values: { workers: 3 },
      recipe: {
        name: 'nginx',
        force: true,
        print: false,
        listen: '8080',
        arguments: ['-w', '3', './app.js'],
      },
    })
  })

  test('may have its own flags before the name', async () => {
    expect(await readArguments(['init', '--force', 'nginx', 'app.js'])).toMatchObject({
      recipe: { name: 'nginx', force: true, arguments: ['app.js'] },
    })
    expect(await readArguments(['init', '--force'])).toMatchObject({ action: 'init', force: true })
  })

  test.each([
    [['init', 'nginks'], /'nginks' is no recipe\. Did you mean 'nginx'\? There are systemd, nginx, /],
    [['init', 'kubernetes'], /Did you mean 'k8s'\?/],
    [['init', 'zzz'], /'zzz' is no recipe\. There are /],
    [['init', 'systemd', '--listen', '80'], /systemd takes no --listen: it is for nginx and haproxy/],
    [['init', 'nginx', '--listen'], /--listen takes an address/],
    [['init', 'nginx', '--listen', '80; evil'], /'80; evil' is not an address/],
    [['init', 'nginx', '--wrokers', '2'], /--wrokers is no flag\. Did you mean '--workers'/],
  ])('%j is refused', async (argv, words) => {
    await expect(readArguments(argv)).rejects.toEqual(usage(words))
  })
})

describe('the project', () => {
  test('of deploy/ is the one that the example is about', async () => {
    copyFileSync(
      new URL('../../../deploy/gunicorn.conf.ts', import.meta.url),
      project.path('gunicorn.conf.ts'),
    )
    project.write({
      'app.js': '',
      'package.json': '{ "name": "app", "dependencies": { "tsgunicorn": "1" } }',
      'package-lock.json': '{}',
    })
    const { directory, program, user, group, ...facts } = await factsOf('systemd')
    const { directory: _directory, program: _program, user: _user, group: _group, ...expected } = exampleFacts
    expect(facts).toEqual(expected)
    expect(directory).toBe(project.directory)
    expect([program.length > 0, user !== '', group !== '']).toEqual([true, true, true])
  })

  test.each([
    ['@shop/Web_App', 'web-app'],
    ['9lives', 'app-9lives'],
    ['__', 'app'],
  ])('that package.json calls %s is %s', async (name, label) => {
    project.write({ 'app.js': '', 'package.json': JSON.stringify({ name }) })
    expect((await factsOf('systemd', 'app.js')).name).toBe(label)
  })

  test('of Python has the name of its pyproject.toml', async () => {
    project.write({
      'app.py': '',
      'manage.py': '',
      'pyproject.toml': '[tool.x]\nname = "no"\n[project]\nname = "My.Site"\n',
    })
    const facts = await factsOf('nginx', 'app:app')
    expect(facts).toMatchObject({
      name: 'my-site',
      language: 'python',
      project: { django: true, requirements: 'pyproject.toml' },
    })
  })

  test('is run by its own program, where it has one', async () => {
    project.write({ 'app.js': '', 'node_modules/.bin/tsgunicorn': '#!/bin/sh\n' })
    const { program } = await factsOf('systemd', 'app.js')
    expect(program.at(-1)).toBe(project.path('node_modules/.bin/tsgunicorn'))
    // npm has not made it executable here: Node is named.
    expect(program[0]).toBe(process.execPath)
  })

  test('of Python is given the virtual environment of the shell, unless a service would find it', async () => {
    project.write({ 'app.py': '', 'venv/bin/python': '', 'other/bin/python': '' })
    const { load, ...rest } = await gathering('systemd', 'app:app')
    const programIn = async (VIRTUAL_ENV: string) => {
      const facts = await gatherFacts({ ...rest, loaded: await load(), env: { VIRTUAL_ENV } })
      return facts.program.slice(-2)
    }
    expect(await programIn(project.path('other'))).toEqual(['--python', project.path('other')])
    expect(await programIn(project.path('venv'))).not.toContain('--python')
  })

  test('has paths that are absolute, from where the application runs', async () => {
    project.write({ 'src/app.js': '' })
    const facts = await factsOf(
      ...['systemd', '--chdir', 'src', '-b', 'unix:a.sock', '-p', 'a.pid', '--log-file', 'e.log', 'app.js'],
    )
    expect(facts).toMatchObject({
      directory: project.directory,
      bind: [{ kind: 'unix', path: project.path('src/a.sock') }],
      pidfile: project.path('src/a.pid'),
      logs: [project.path('src/e.log')],
    })
  })

  test('without an application is told so, and so is one whose application is not there', async () => {
    await expect(init('systemd')).rejects.toMatchObject({ code: 'TSG_NO_APP' })
    await expect(init('systemd', './no.js')).rejects.toEqual(
      usage(/there is no application '\.\/no\.js' in \//),
    )
  })

  test('whose package.json is broken is told where', async () => {
    project.write({ 'app.js': '', 'package.json': '{' })
    await expect(init('systemd', 'app.js')).rejects.toEqual(usage(/package\.json cannot be read/))
  })
})

describe('what is written', () => {
  test('is named, with what to do next', async () => {
    project.write({ 'app.js': '' })
    expect(await init('nginx', 'app.js')).toMatch(
      /^wrote deploy\/nginx\.conf\nNext:\n {2}# keepalive is 2[^\n]*\n {2}sudo cp deploy\/nginx\.conf /,
    )
    expect(readFileSync(project.path('deploy/nginx.conf'), 'utf8')).toMatch(
      /^# Written by 'tsgunicorn init nginx'\.\nupstream /,
    )
  })

  test('never replaces a file without --force, and nothing is written when one is there', async () => {
    project.write({ 'app.js': '', 'compose.yaml': 'mine' })
    await expect(init('docker', 'app.js')).rejects.toEqual(
      usage(/compose\.yaml is already there\. Use --force/),
    )
    expect(existsSync(project.path('Dockerfile'))).toBe(false)
    await init('docker', '--force', 'app.js')
    expect(readFileSync(project.path('compose.yaml'), 'utf8')).toContain('services:')
  })

  test('--print shows it, and writes nothing', async () => {
    project.write({ 'app.js': '' })
    expect(await init('procfile', '--print', 'app.js')).toMatch(/^# Written by .*\nweb: exec /)
    expect(await init('docker', '--print', 'app.js')).toMatch(
      /^# --- Dockerfile\n[\s\S]*^# --- compose\.yaml\n/m,
    )
    expect(existsSync(project.path('Procfile'))).toBe(false)
    expect(existsSync(project.path('Dockerfile'))).toBe(false)
  })
})
