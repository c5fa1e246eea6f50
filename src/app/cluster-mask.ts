/**
 * Makes the process look like a worker of node:cluster, which is what it is in all but mechanism: applications that
 * fork themselves when `cluster.isPrimary` then do not.
 *
 * A masked node:cluster has no primary to ask for handles, so what would ask one (net's and dgram's shared
 * binding) is kept from asking: see `unmasked` and the patch of dgram.
 */

import cluster from 'node:cluster'
import dgram from 'node:dgram'
import { EventEmitter } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'

/** From now on `cluster.isPrimary` is false and `cluster.worker.id` is `id`. Not undone: one process, one app. */
export const maskCluster = (id: number): void => {
  const worker = Object.assign(new EventEmitter(), {
    id,
    process,
    exitedAfterDisconnect: false,
    isConnected: () => process.connected ?? false,
    isDead: () => false,
    send: (message: unknown) => process.send?.(message) ?? false,
    disconnect: () => worker,
    kill: (signal?: NodeJS.Signals) => void process.kill(process.pid, signal ?? 'SIGTERM'),
    destroy: (signal?: NodeJS.Signals) => void process.kill(process.pid, signal ?? 'SIGTERM'),
  })
  Object.assign(cluster, { isPrimary: false, isMaster: false, isWorker: true, worker, fork: undefined })
  bindAlone()
  syncBuiltinESMExports()
}

/** Runs `action` with node:cluster as it was: net asks it synchronously whether it may listen by itself. */
export const unmasked = <T>(action: () => T): T => {
  const masked = cluster.isPrimary
  Object.assign(cluster, { isPrimary: true })
  try {
    return action()
  } finally {
    Object.assign(cluster, { isPrimary: masked })
  }
}

const bindAlone = (): void => {
  const bind = dgram.Socket.prototype.bind as unknown as (
    this: dgram.Socket,
    ...args: unknown[]
  ) => dgram.Socket
  Object.assign(dgram.Socket.prototype, {
    bind(this: dgram.Socket, ...args: unknown[]) {
      return bind.apply(this, exclusively(args))
    },
  })
}

const exclusively = (args: unknown[]): unknown[] => {
  const callback = args.find((value) => typeof value === 'function')
  const [first, second] = args
  const options =
    typeof first === 'object' && first !== null
      ? first
      : {
          port: typeof first === 'function' ? 0 : first,
          address: typeof second === 'string' ? second : undefined,
        }
  return [{ ...options, exclusive: true }, callback]
}
