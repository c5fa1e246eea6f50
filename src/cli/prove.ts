/** `--check-config` and `--print-config`: the application is loaded in a throw-away process, as a worker would. */
import { spawnWorker } from '../arbiter/children.ts'
import { prepare } from '../arbiter/prepare.ts'
import { bootOf, workerEnvironment } from '../arbiter/spawning.ts'
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
  const loaded = await prepare(config)
  const board = createBoard(loaded.config.worker_tmp_dir)
  let failure: ServerError | undefined
  const code = await new Promise<number | null>((resolve) => {
    spawnWorker(
      {
        boot: bootOf(loaded, { age: 0, generation: 1, slot: 0 }, true),
        listeners: [],
        boardFd: board.fd,
        nodeOptions: loaded.config.node_options,
        cwd: loaded.config.chdir,
        env: workerEnvironment(loaded.config, 0, process.env),
        output: 'inherit',
      },
      {
        said: (message) => {
          if (message.type !== 'failed') return
          failure = new ServerError(
            'TSG_CONFIG_APP',
            message.message,
            message.detail ? { detail: message.detail } : {},
          )
        },
        imported: () => undefined,
        ended: resolve,
      },
    )
  })
  board.close()
  if (failure) throw failure
  if (code !== 0)
    throw new ServerError('TSG_CONFIG_APP', 'the application could not be loaded: its process died')
}
