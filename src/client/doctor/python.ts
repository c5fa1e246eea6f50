/** Which Python interpreter there is, and its version: the one that workers run, else the one that a start would take. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Status } from '../../control/status.ts'
import type { World } from '../world.ts'
import type { PythonFact } from './checks.ts'
import { type Settings, textIn } from './files.ts'

interface Looked {
  readonly setting: Settings
  readonly status: Status | null
  readonly env: World['env']
  readonly directory: string
}

/** Milliseconds; an interpreter on a slow disk takes its time. */
const patience = 5000

export const pythonFact = async (looked: Looked): Promise<PythonFact> => {
  const worker = looked.status?.workers.find(
    ({ language, kind }) => language === 'python' && kind === 'worker',
  )
  const path = (worker?.pid == null ? undefined : commandOf(worker.pid)) ?? configured(looked)
  const version = path === undefined ? null : await versionOf(path)
  return { wanted: worker !== undefined, path: path ?? null, version }
}

/** The interpreter as it was started: the path in its virtual environment, which /proc/PID/exe does not have. */
const commandOf = (pid: number): string | undefined => {
  const [command] = (textIn(`/proc/${pid}/cmdline`) ?? '').split('\0')
  return command?.startsWith('/') ? command : undefined
}

/** The order of the setting `python`. */
const configured = ({ setting, env, directory }: Looked): string | undefined => {
  const given = setting('python')
  const environments = [
    ...(typeof given === 'string' ? [given] : []),
    ...(env['VIRTUAL_ENV'] ? [env['VIRTUAL_ENV']] : []),
    join(directory, '.venv'),
    join(directory, 'venv'),
  ].map((folder) => join(folder, 'bin/python3'))
  const onPath = (env['PATH'] ?? '').split(':').map((folder) => join(folder || '.', 'python3'))
  const files = typeof given === 'string' && given.startsWith('/') ? [given] : []
  return [...environments, ...files, ...onPath].find((path) => existsSync(path))
}

const versionOf = (path: string): Promise<string | null> =>
  new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: patience }, (error, stdout, stderr) => {
      // Before 3.4 it was told on standard error. A program that cannot be run has no version.
      resolve(error === null ? (/Python (\S+)/.exec(stdout + stderr)?.[1] ?? null) : null)
    })
  })
