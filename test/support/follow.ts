/**
 * Follows a page of instructions (walkthrough.ts) in a folder of its own, as a reader does. Packages are linked from
 * where the repository has them; `really` has them installed by npm and pip, and tsgunicorn from its packed archive.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { version } from '../../src/version.ts'
import { type Daemon, start } from './daemon.ts'
import { repository } from './machine.ts'
import { sharedFolder } from './shared-folder.ts'
import type { Step, Walkthrough } from './walkthrough.ts'

export interface Reader {
  /** The environment that stands for the reader's `.venv`. */
  readonly python?: string
  readonly really: boolean
}

const archive = `../tsgunicorn-${version}.tgz`

/** The packages that a walkthrough has npm install, and those of pip. */
export const wantedBy = ({ steps }: Walkthrough) => {
  const lines = steps.flatMap((step) => (step.kind === 'lines' ? step.lines : []))
  const after = (pattern: RegExp) => lines.flatMap((line) => pattern.exec(line)?.[1]?.split(' ') ?? [])
  return { npm: after(npmInstall), pip: after(pipInstall) }
}

const npmInstall = /^npm install (?:--save-dev )?(.+)$/
const pipInstall = /^\.venv\/bin\/pip install (.+)$/

interface Manifest {
  readonly bin?: string | Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

const { devDependencies = {} } = manifestIn(repository)

export const isLinked = (name: string): boolean => name === archive || name in devDependencies

/** Does what the page says, one step after the other, and ends the server. Fails where something else is printed. */
export const follow = async (steps: readonly Step[], reader: Reader): Promise<void> => {
  const folder = join(sharedFolder(), 'shop')
  mkdirSync(folder)
  if (reader.really) pack(dirname(folder))
  let server: Daemon | undefined
  let compared = 0
  for (const step of steps) {
    if (step.kind === 'file') write(join(folder, step.name), step.text)
    else if (step.kind === 'server') server = await serve(step.line, folder)
    else {
      const printed = await give(step.lines, { ...reader, folder, port: server?.port })
      if (step.prints === undefined) continue
      expect(printed.trim()).toBe(step.prints.trim())
      compared += 1
    }
  }
  expect(compared).toBeGreaterThan(0)
  await server?.assertClean()
}

/** The package of what is built: building it anew would pull the program away under other tests. */
const pack = (destination: string): void => {
  const command = ['pack', '--ignore-scripts', '--silent', '--pack-destination', destination]
  execFileSync('npm', command, { cwd: repository, stdio: 'pipe', timeout: 120_000 })
}

const write = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** The line as it stands: only the address is another, since several tests may run at once, and the pidfile ours. */
const serve = (line: string, folder: string): Promise<Daemon> =>
  start({
    program: [
      'sh',
      '-c',
      `export GUNICORN_CMD_ARGS="--bind $1 --pid $PWD/server.pid"; ${forget}; cd '${folder}'; exec ${line}`,
    ],
    bind: ['127.0.0.1:PORT'],
    appArgument: '',
    env: npmEnvironment(folder),
    until: 'serving',
  })

/** What `npm run` told the tests of this repository. */
const forget = 'unset INIT_CWD npm_config_local_prefix npm_package_json'

const npmEnvironment = (folder: string): Record<string, string> => ({
  npm_config_cache: join(dirname(folder), 'npm'),
  npm_config_update_notifier: 'false',
})

interface Giving extends Reader {
  readonly folder: string
  readonly port: number | undefined
}

/** What the lines print. */
const give = async (lines: readonly string[], giving: Giving): Promise<string> => {
  let printed = ''
  for (const line of lines)
    if (giving.really || !isSatisfied(line, giving)) printed += await run(line, giving)
  return printed
}

const run = async (line: string, { folder, port }: Giving): Promise<string> => {
  const moved = line.replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`)
  const { NODE_ENV: _, ...env } = process.env
  const { stdout } = await promisify(execFile)('sh', ['-c', `${forget}; ${moved}`], {
    cwd: folder,
    env: { ...env, ...npmEnvironment(folder) },
    timeout: 240_000,
  })
  return stdout
}

/** Whether a line installs something that could be linked. */
const isSatisfied = (line: string, { folder, python }: Giving): boolean => {
  const packages = npmInstall.exec(line)?.[1]?.split(' ')
  for (const name of packages ?? []) link(name, folder)
  if (line === 'python3 -m venv .venv' && python) symlinkSync(dirname(dirname(python)), join(folder, '.venv'))
  return packages !== undefined || line === 'python3 -m venv .venv' || pipInstall.test(line)
}

const link = (name: string, folder: string): void => {
  if (!isLinked(name)) throw new Error(`'${name}' is no devDependency, and cannot be linked`)
  const ours = name === archive
  const source = ours ? repository : join(repository, 'node_modules', name)
  const target = join(folder, 'node_modules', ours ? 'tsgunicorn' : name)
  mkdirSync(dirname(target), { recursive: true })
  symlinkSync(source, target)
  const { bin = {} } = manifestIn(source)
  for (const [program, path] of Object.entries(typeof bin === 'string' ? { [name]: bin } : bin)) {
    const shim = join(folder, 'node_modules/.bin', program)
    mkdirSync(dirname(shim), { recursive: true })
    writeFileSync(shim, `#!/bin/sh\nexec node '${join(source, path)}' "$@"\n`, { mode: 0o755 })
  }
}
