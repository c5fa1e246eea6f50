/**
 * `tsgunicorn init`: a commented starter and the declarations that give an editor completion, with no install beside
 * the project. It never overwrites what is there, unless it is told to.
 */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { hasCode, messageOf, ServerError } from '../errors.ts'

export interface InitRequest {
  readonly directory: string
  /** Whether to replace files that exist. */
  readonly force: boolean
  /** What gunicorn.conf.ts shall say, when that is not the starter. */
  readonly text?: string
}

/** Writes the files and gives their paths, relative to `directory`. Rejects with TSG_USAGE when one is already there. */
export async function writeStarter({
  directory,
  force,
  text: configuration = starter,
}: InitRequest): Promise<readonly string[]> {
  // 60 kB that no start of the server needs.
  const { ambient } = await import('../config/ambient.ts')
  const files = { 'gunicorn.conf.ts': configuration, [join('.tsgunicorn', 'config.d.ts')]: ambient }
  const present = Object.keys(files).filter((name) => existsSync(join(directory, name)))
  if (!force && present.length > 0) throw alreadyThere(present)
  for (const [name, text] of Object.entries(files)) write(join(directory, name), text, force)
  return Object.keys(files)
}

function write(path: string, text: string, force: boolean): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    // Exclusive, because a file may have come since it was looked for.
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' })
  } catch (cause) {
    if (hasCode(cause, 'EEXIST')) throw alreadyThere([path])
    throw new ServerError('TSG_CONFIG_NOT_FOUND', `${path} cannot be written: ${messageOf(cause)}.`, {
      cause,
    })
  }
}

const alreadyThere = (names: readonly string[]): ServerError =>
  new ServerError(
    'TSG_USAGE',
    `init: ${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} already there. Use --force to replace.`,
  )

/** Everything is commented out: started with it unchanged, the server does what it does without it. */
export const starter = `/// <reference path="./.tsgunicorn/config.d.ts" />
import { defineConfig } from 'tsgunicorn'

// Settings have Gunicorn's names. 'tsgunicorn --help=all' lists them, 'tsgunicorn --print-config' shows who set what.
export default defineConfig({
  // The application, when the command line names none.
  // wsgi_app: './server.js',

  // HOST:PORT, unix:PATH or fd://N.
  // bind: ['127.0.0.1:8000'],

  // Worker processes; as many as cores is a good start.
  // workers: 2,

  // Seconds a worker may be silent before it is replaced, and may take to finish its requests when it is.
  // timeout: 30,
  // graceful_timeout: 30,

  // '-' is standard output.
  // accesslog: '-',
  // loglevel: 'info',

  // Whose X-Forwarded-* headers are believed.
  // forwarded_allow_ips: ['127.0.0.1', '::1'],

  // Server hooks.
  // when_ready(server) {
  //   server.log.info('ready')
  // },
  // post_worker_init(worker) {
  //   worker.log.info(\`worker \${worker.age} is ready\`)
  // },
})
`
