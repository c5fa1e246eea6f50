/** `--check-config`: loads the application in a throw-away process, exactly as a worker would. */
import { spawnWorker } from '../arbiter/children.ts'
import { withIdentity } from '../arbiter/identity.ts'
import { bootOf, workerEnvironment } from '../arbiter/spawning.ts'
import type { LoadedConfig } from '../config/load.ts'
import { ServerError } from '../errors.ts'
import { createBoard } from '../system/board.ts'

/** Resolves when the application loads; rejects with what a worker would have said, as a wrong configuration. */
export async function proveApp(config: LoadedConfig): Promise<void> {
  const loaded = await withIdentity(config)
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
        env: workerEnvironment(loaded.config, 0),
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
