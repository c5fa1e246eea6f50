/**
 * The two ends of the channel between master and worker: Node's own IPC, on a name that user code does not see
 * (`process.on('message')` of an application hears only what it is sent itself). Messages whose `cmd` begins with
 * NODE_ are given out as 'internalMessage' by Node; node:cluster uses the same door.
 */
import type { ChildProcess } from 'node:child_process'
import type { EventEmitter } from 'node:events'
import { CMD } from './lines.ts'
import type { ToMaster, ToWorker } from './messages.ts'
import { readSaid } from './said.ts'

interface Envelope {
  readonly cmd: typeof CMD
  readonly body: unknown
}

const isEnvelope = (message: unknown): message is Envelope =>
  typeof message === 'object' && message !== null && 'cmd' in message && message.cmd === CMD

/** What has a channel: a child process, or this process when it was spawned with one. */
interface Peer extends Pick<EventEmitter, 'on'> {
  readonly connected?: boolean
  send?(message: unknown, handle: unknown, callback: (error: Error | null) => void): boolean
}

function send(peer: Peer, body: unknown, handle?: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!peer.connected || !peer.send) reject(new Error('the channel is closed'))
    else peer.send({ cmd: CMD, body }, handle, (error) => (error ? reject(error) : resolve()))
  })
}

const listen = (peer: Peer, heard: (body: unknown, handle: unknown) => void): void => {
  peer.on('internalMessage', (message: unknown, handle: unknown) => {
    if (isEnvelope(message)) heard(message.body, handle)
  })
}

export const toWorker = (child: ChildProcess, message: ToWorker, handle?: unknown): Promise<void> =>
  send(child as Peer, message, handle)

export const onWorkerMessage = (child: ChildProcess, heard: (message: ToMaster) => void): void =>
  listen(child, (body) => {
    const message = readSaid(body)
    if (message) heard(message)
  })

export const toMaster = (message: ToMaster): Promise<void> => send(process as Peer, message)

/** The master is this program: what arrives in our envelope has our types. */
export const onMasterMessage = (heard: (message: ToWorker, handle: unknown) => void): void =>
  listen(process, (body, handle) => heard(body as ToWorker, handle))

/** A new master's word to the old one, over the same kind of channel. */
export const tellParentReady = (): Promise<void> => send(process as Peer, 'ready')
export const onChildReady = (child: ChildProcess, heard: () => void): void =>
  listen(child, (body) => body === 'ready' && heard())

/** Calls back when the other side is gone. The channel keeps this process alive, until `releaseParent`. */
export function onParentGone(heard: () => void): void {
  process.channel?.ref()
  process.on('disconnect', heard)
}

/** From now on the channel alone does not keep this process alive. */
export const releaseParent = (): void => process.channel?.unref()
