/** `--check-config` and `--print-config`: the application is loaded in a throw-away process, as a worker would. */

import { bootOf, workerEnvironment } from '../arbiter/boots.ts'
import { BridgeFolder } from '../arbiter/bridge.ts'
import type { ChildEvents } from '../arbiter/child.ts'
import { spawnPython, spawnWorker } from '../arbiter/children.ts'
import { prepare } from '../arbiter/prepare.ts'
import type { LoadedConfig } from '../config/load.ts'
import { ServerError } from '../errors.ts'
import { createBoard } from '../system/board.ts'
import { printConfig } from './inspect.ts'

/** Prints the configuration if asked to, and proves that its application loads. Rejects with TSG_CONFIG_APP. */
export async function inspectConfig(loaded: LoadedConfig, print: boolean): Promise<void> {
  for (const warning of loaded.warnings) process.stderr.write(`Warning: ${warning}\n`)
  if (print) process.stdout.write(printConfig(loaded))
  if (loaded.config.wsgi_app) await proveApp(loaded)
}

/** Resolves when the application loads; rejects with what a worker would have said, as a wrong configuration. */
async function proveApp(config: LoadedConfig): Promise<void> {
  const loaded = await prepare(config, process.env)
  const board = createBoard({ directory: loaded.config.worker_tmp_dir })
  const bridge = new BridgeFolder(process.env)
  let failure: ServerError | undefined
  const place = { role: 'worker', age: 0, generation: 1, slot: 0 } as const
  const options = {
    boot: bootOf({ bridge }, loaded, place, true),
    boardFd: board.fd,
    cwd: loaded.config.chdir,
    env: workerEnvironment(loaded.config, 0, process.env),
    output: 'inherit',
  } as const
  const code = await new Promise<number | null>((resolve) => {
    const events: ChildEvents = {
      said: (message) => {
        if (message.type === 'failed') failure = failureOf(message)
      },
      imported: () => undefined,
      garbled: () => undefined,
      ended: resolve,
    }
    const { interpreter: python } = loaded
    if (python) spawnPython({ ...options, python: python.path, program: 'worker' }, events)
    else spawnWorker({ ...options, listeners: [], nodeOptions: loaded.config.node_options }, events)
  })
  board.close()
  bridge.remove()
  if (failure) throw failure
  if (code !== 0)
    throw new ServerError('TSG_CONFIG_APP', 'the application could not be loaded: its process died')
}

const failureOf = ({
  message,
  detail,
}: {
  readonly message: string
  readonly detail?: string
}): ServerError => new ServerError('TSG_CONFIG_APP', message, detail ? { detail } : {})
