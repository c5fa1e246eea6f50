/** One tsgunicorn with one worker, for benchmarks that watch it: started from the built program in a folder of its own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../test/support/eventually.ts'
import { builtProgram, freePort } from '../test/support/machine.ts'
import { childrenOf, isAlive } from '../test/support/processes.ts'
import { request } from '../test/support/raw-client.ts'

export interface Served {
  readonly port: number
  readonly folder: string
  readonly master: number
  /** The worker's pid; of another worker when it was replaced; throws when there is none. */
  readonly worker: () => number
  /** All that the server has logged. */
  readonly log: () => string
  readonly stop: () => Promise<void>
}

/** `app`: the source of app.mjs, which answers `GET /` with any status; `settings`: beside workers and bind. */
export const serve = async (app: string, settings: Readonly<Record<string, unknown>>): Promise<Served> => {
  const folder = mkdtempSync(join(tmpdir(), 'tsg-bench-'))
  const port = await freePort()
  const config = { workers: 1, bind: [`127.0.0.1:${port}`], ...settings }
  writeFileSync(join(folder, 'app.mjs'), app)
  writeFileSync(join(folder, 'gunicorn.conf.mjs'), `export default ${JSON.stringify(config)}\n`)
  const output = openSync(join(folder, 'log'), 'a')
  const child = spawn(process.execPath, [builtProgram, 'app.mjs'], {
    cwd: folder,
    stdio: ['ignore', output, output],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${builtProgram} could not be started`)
  const log = () => readFileSync(join(folder, 'log'), 'utf8')
  const stop = async () => {
    child.kill('SIGTERM')
    await eventually(() => !isAlive(pid), { within: 40_000 })
    rmSync(folder, { recursive: true, force: true })
  }
  const worker = () => {
    const found = childrenOf(pid).find(({ command }) => /\bworker\b/.test(command))
    if (found === undefined) throw new Error(`no worker is there; log:\n${log()}`)
    return found.pid
  }
  await eventually(() => request({ port }, '/').then(({ status }) => status > 0), {
    within: 15_000,
    what: () => `an answer; log:\n${log()}`,
  })
  return { port, folder, master: pid, worker, log, stop }
}
