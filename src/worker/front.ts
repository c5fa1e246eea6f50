/**
 * A front: the core's engine, answered by Python workers. It accepts from the moment that one of them can be given
 * requests; until then, clients wait in the queue of the listening socket.
 */
import { createFront } from '../front/create.ts'
import { createCoreEngine } from '../http/core/engine.ts'
import type { EngineOptions } from '../http/engine.ts'
import type { Booted, Served } from './boot.ts'
import { exit } from './exit.ts'

/** Between the end of a worker and the signal that ends this front, when a terminal signals both. */
const mourningMs = 100

export function serveFront(booted: Booted, token: string, options: EngineOptions): Served {
  const { config, logs, inheritance, vital } = booted
  const front = createFront({
    token,
    queueLimit: config.backlog,
    timeoutMs: config.timeout * 1000,
    mourningMs,
    usable: () => {
      if (!vital.alive) return
      engine.listen(inheritance.sockets, config.backlog).catch((error: unknown) => {
        logs.error.exception('the front cannot accept', error)
        exit(1)
      })
    },
    log: (level, message) => logs.error[level](message),
  })
  const engine = createCoreEngine(front.consumer, options)
  return { engine, front }
}
