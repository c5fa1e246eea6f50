/**
 * The files that `tsgunicorn init RECIPE` writes for a server under test, and the programs of Debian's packages that are
 * run with these very files.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'
import { builtProgram } from './machine.ts'
import { isAlive } from './processes.ts'
import { sharedFolder } from './shared-folder.ts'

/** Runs `tsgunicorn init` in a folder and gives what it said; throws when its status is another than `code`. */
export const init = (folder: string, args: readonly string[], code = 0): string => {
  const { PORT: _port, WEB_CONCURRENCY: _workers, VIRTUAL_ENV: _venv, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, [builtProgram, 'init', ...args], {
    cwd: folder,
    env: { ...env, PWD: folder },
    encoding: 'utf8',
  })
  if (status !== code) throw new Error(`init ${args.join(' ')}: status ${status}\n${stdout}${stderr}`)
  return stdout + stderr
}

const folders = (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin')

/** The absolute path of a program of this machine; Debian keeps some where users' PATH may not look. */
export const installed = (name: string): string | undefined =>
  folders.map((folder) => join(folder, name)).find((file) => existsSync(file))

/** Starts a program that ends with the test by TERM. Its output is in `output()`. */
export const background = (
  program: string,
  args: readonly string[],
): { readonly child: ChildProcess; readonly output: () => string } => {
  const file = join(sharedFolder(), 'output.log')
  const child = spawn(program, args, { stdio: ['ignore', openSync(file, 'a'), openSync(file, 'a')] })
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await eventually(() => child.pid === undefined || !isAlive(child.pid), { within: 15_000 })
  })
  return { child, output: () => readFileSync(file, 'utf8') }
}

/** nginx's own file, as small as it can be around a site: paths and the user, as this is no machine of its own. */
export const aroundSite = (site: string): string => {
  const folder = sharedFolder()
  const file = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  writeFileSync(
    file,
    `worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/errors.log warn;
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 256; }
http { include /etc/nginx/mime.types; access_log off; ${temporary.join(' ')} include ${site}; }
`,
  )
  return file
}

/** What Debian's haproxy.cfg has before it: where the log goes. */
export const globalSection = (): string => {
  const file = join(sharedFolder(), 'global.cfg')
  writeFileSync(file, 'global\n    log stdout format raw local0\n    stats timeout 30s\n')
  return file
}

/** Who serves under Supervisor and below logrotate's `su`: not root, when the tests are. */
export const nobody = 65_534

/** Gives a folder, and what is in it by name, to nobody; nothing when the tests are not root. */
export const giveAway = (folder: string, names: readonly string[]): void => {
  if (process.getuid?.() !== 0) return
  for (const path of [folder, ...names.map((name) => join(folder, name))]) chownSync(path, nobody, nobody)
}
