/**
 * The folder in which fronts and Python workers find each other, and the token that they show. One for a master, made
 * when the first generation needs it, removed when the master ends.
 */
import { randomBytes } from 'node:crypto'
import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf, ServerError } from '../errors.ts'
import type { Bridge, Privileges } from '../ipc/messages.ts'

/** A socket's path has at most 107 bytes (unix(7)); names in the folder take up to 24 of them. */
const LONGEST_FOLDER = 80

export class BridgeFolder {
  #bridge: Bridge | undefined
  readonly #env: Readonly<Record<string, string | undefined>>

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env
  }

  /** The folder, which belongs to whom workers become. Throws ServerError TSG_PLATFORM when none can be made. */
  open(owner: Privileges | undefined): Bridge {
    this.#bridge ??= { folder: this.#make(), token: randomBytes(16).toString('hex') }
    if (owner) chownSync(this.#bridge.folder, owner.uid, owner.gid)
    return this.#bridge
  }

  /** With what ended workers have left in it. */
  remove(): void {
    if (this.#bridge) rmSync(this.#bridge.folder, { recursive: true, force: true })
    this.#bridge = undefined
  }

  #make(): string {
    const tried: string[] = []
    for (const base of [this.#env['XDG_RUNTIME_DIR'], tmpdir(), '/tmp']) {
      if (!base || base.length > LONGEST_FOLDER - 18) continue
      try {
        if (statSync(base).isDirectory()) return mkdtempSync(join(base, 'tsgunicorn-'))
      } catch (error) {
        tried.push(messageOf(error))
      }
    }
    throw new ServerError(
      'TSG_PLATFORM',
      `no folder for the sockets of Python workers can be made (${tried.join('; ') || 'all paths are too long'}). ` +
        'Set TMPDIR to a short path that may be written.',
    )
  }
}
