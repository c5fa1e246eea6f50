/**
 * The program of a worker process, started by the master (arbiter/children.ts) with the listening sockets and the
 * board among its descriptors, and told everything else in one message. It never outlives its master.
 */
import { onMasterMessage, onParentGone, toMaster } from '../ipc/channel.ts'
import type { BootMessage } from '../ipc/messages.ts'
import { bootWorker, failBoot } from './boot.ts'
import { exit } from './exit.ts'
import type { Vital } from './facade.ts'
import { listenFor, receive } from './inheritance.ts'
import { takeSignals, type WorkerCommand, type WorkerSignal } from './signals.ts'
import { Worker } from './worker.ts'

/** What arrives before there is a worker ends the process: nothing has been begun that could be lost. */
let worker: Worker | undefined
/** Logs are opened early in the boot: a rotation that comes before there is a worker is made up for. */
let rotated = false

const commands: Readonly<Record<WorkerCommand, (signal: WorkerSignal) => void>> = {
  drain: () => (worker ? worker.asked() : exit(0)),
  quit: (signal) => (worker ? worker.quit(signal) : exit(0)),
  abort: () => (worker ? worker.abort() : exit(1)),
  ignore: () => undefined,
}

takeSignals((command, signal) => commands[command](signal))
onParentGone(() => (worker ? worker.orphaned() : exit(0)))

onMasterMessage((message, handle) => {
  switch (message.type) {
    case 'boot':
      boot(message).catch(failBoot)
      return
    case 'drain':
      if (worker) worker.drain(message)
      else exit(0)
      return
    case 'reopen-logs':
      if (worker) worker.reopenLogs()
      else rotated = true
      return
    case 'share':
      worker?.share(message.of)
      return
    case 'workers':
      worker?.workers(message.workers, message.abandoned)
      return
    case 'worker-ended':
      worker?.workerEnded(message.age)
      return
    case 'ask':
      // One that is not there yet leaves it to the asker's patience.
      worker?.ask(message.id, message.question)
      return
    // To molds, which are none of Node's.
    case 'fork':
    case 'retire':
      return
    case 'listener':
      if (worker) worker.listener(message.index, handle)
      else receive(message.index, handle)
      return
    case 'adopt':
      // Sent to workers that are ready alone.
      worker?.adopt(message.id, handle)
      return
    case 'listen': {
      const errno = listenFor(handle, message.backlog)
      toMaster({ type: 'listened', index: message.index, errno }).catch(nobody)
      return
    }
  }
})

/** A master that ended before it had work for us: nobody is there to tell. */
const nobody = (): void => exit(0)

toMaster({ type: 'hello' }).catch(nobody)

async function boot(message: BootMessage): Promise<void> {
  const vital: Vital = { requests: 0, alive: true, booted: false, aborted: false }
  const booted = await bootWorker(message, vital, process.argv)
  if (message.proof) return exit(0)
  worker = new Worker(booted)
  if (rotated) worker.reopenLogs()
  await worker.start()
}
