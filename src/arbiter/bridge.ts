/**
 * The folder in which fronts and Python workers find each other, and the token that they show. One for a master, made
 * when the first generation needs it, removed when the master ends.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasCode, messageOf, ServerError } from '../errors.ts'
import type { Bridge, Privileges } from '../ipc/messages.ts'

/** A socket's path has at most 107 bytes (unix(7)); names in the folder take up to 24 of them. */
const LONGEST_FOLDER = 80

/** What is in the folder by our doing. */
const OURS = /^(worker-\d+|master)\.sock$/

/** Which folder it is, whatever its path leads to by now. */
interface Made {
  readonly dev: number
  readonly ino: number
  /** To whom it was given, if not to us. */
  readonly owner?: number
}

/**
 * Whoever owns the folder may put another file, or a link to any, in its place or in it: that is the application's user,
 * while we may be root. So it is given away by its descriptor, and removed by the names that we know.
 */
export class BridgeFolder {
  #bridge: Bridge | undefined
  #made: Made | undefined
  readonly #env: Readonly<Record<string, string | undefined>>

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env
  }

  /** The folder, which belongs to whom workers become. Throws ServerError TSG_PLATFORM when none can be made. */
  open(owner: Privileges | undefined): Bridge {
    this.#bridge ??= { folder: this.#make(), token: randomBytes(16).toString('hex') }
    if (owner) this.#give(this.#bridge.folder, owner)
    return this.#bridge
  }

  /** With what ended workers have left in it. */
  remove(): void {
    const folder = this.#bridge?.folder
    this.#bridge = undefined
    if (folder === undefined) return
    if (this.#made?.owner === undefined) rmSync(folder, { recursive: true, force: true })
    else forgiving(() => removeOurs(folder))
  }

  #give(folder: string, { uid, gid }: Privileges): void {
    if (uid === (this.#made?.owner ?? process.geteuid?.())) return
    const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants
    const fd = openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    try {
      const { dev, ino } = fstatSync(fd)
      if (this.#made && (this.#made.dev !== dev || this.#made.ino !== ino))
        throw new ServerError(
          'TSG_PLATFORM',
          `${folder} is not the folder that was made for the sockets of Python workers: somebody replaced it.`,
        )
      fchownSync(fd, uid, gid)
      this.#made = { dev, ino, owner: uid }
    } finally {
      closeSync(fd)
    }
  }

  #make(): string {
    const tried: string[] = []
    for (const base of [this.#env['XDG_RUNTIME_DIR'], tmpdir(), '/tmp']) {
      if (!base || base.length > LONGEST_FOLDER - 18) continue
      try {
        if (!statSync(base).isDirectory()) continue
        const folder = mkdtempSync(join(base, 'tsgunicorn-'))
        const { dev, ino } = statSync(folder)
        this.#made = { dev, ino }
        return folder
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

/** The socket of a worker that is no more: one that was killed could not remove it itself. */
export const removeSocket = (path: string): void => forgiving(() => unlinkSync(path))

const removeOurs = (folder: string): void => {
  for (const name of readdirSync(folder)) if (OURS.test(name)) removeSocket(join(folder, name))
  rmdirSync(folder)
}

/** What is gone, or was replaced by what is not ours, is left alone. */
const forgiving = (act: () => void): void => {
  try {
    act()
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EPERM', 'EACCES', 'ENOTEMPTY')) throw error
  }
}
