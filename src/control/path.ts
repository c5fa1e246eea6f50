/**
 * Where the control socket of an instance is: the same answer for the server that makes it and for a client that looks
 * for it. Pure: it looks at no file and no environment.
 */
import { basename, extname, isAbsolute, join, resolve } from 'node:path'

/** What tells instances apart; the settings of these names. */
export interface Instance {
  readonly control_socket: string | undefined
  readonly pidfile: string | undefined
  readonly bind: readonly string[]
}

export interface Surroundings {
  /** The server's working directory; absolute. */
  readonly directory: string
  /** $XDG_RUNTIME_DIR, when it is a folder of this user; who gives it looks whose it is. */
  readonly runtimeFolder: string | undefined
  /** `os.tmpdir()`. */
  readonly temporaryFolder: string
  readonly uid: number
}

/** The ending of a new master's socket, until it is promoted. */
export const challengerEnding = '.2'
/** The ending of the socket that takes no orders. */
export const readOnlyEnding = '.ro'

/** The folder of default paths; clients list it to find those who run. */
export const controlFolder = ({
  runtimeFolder,
  temporaryFolder,
  uid,
}: Omit<Surroundings, 'directory'>): string =>
  runtimeFolder === undefined ? join(temporaryFolder, `tsgunicorn-${uid}`) : join(runtimeFolder, 'tsgunicorn')

/** Longer names would not leave a socket's path (107 bytes, macOS 103) enough for folder and endings. */
const longestSlug = 20

const slugOf = (text: string): string =>
  text
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .slice(0, longestSlug)
    .replaceAll(/^-+|-+$/g, '')

/** FNV-1a, 64 bits: not against malice (the folder is ours alone), only to tell instances apart. */
const hashOf = (text: string): string => {
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(36).slice(-8).padStart(8, '0')
}

/** A readable name for who has this pidfile, or else this first address in this folder. */
const nameOf = ({ pidfile, bind }: Instance, directory: string): string => {
  if (pidfile !== undefined) {
    const path = resolve(directory, pidfile)
    return `${slugOf(basename(path, extname(path)))}-${hashOf(path)}`
  }
  const address = bind[0] ?? ''
  return `${slugOf(address)}-${hashOf(`${address}\0${directory}`)}`
}

/** The path, absolute, of the master that is no challenger; endings are added by who needs them. */
export const controlPath = (instance: Instance, surroundings: Surroundings): string => {
  const { control_socket: asked } = instance
  if (asked !== undefined) return isAbsolute(asked) ? asked : resolve(surroundings.directory, asked)
  return join(controlFolder(surroundings), `${nameOf(instance, surroundings.directory)}.ctl`)
}
