/**
 * Which Node a new master is started with. `process.execPath` is the Node that runs, all links resolved: package
 * managers and version managers put another one behind the link, and remove that one. So the path that was typed is
 * kept, and followed anew.
 */
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

export interface TypedNode {
  /** `process.argv0`: a path, or a name that PATH led to; `node` when the program is started by its `#!` line. */
  readonly name: string
  readonly cwd: string
  readonly path: string | undefined
  /** `process.execPath`. */
  readonly running: string
}

/** The file that `path` leads to when it can be executed. */
type Follow = (path: string) => string | undefined

/**
 * The absolute path, its links not resolved, by which this Node was found. `running` when it was found otherwise: a shim
 * of a version manager is no Node, and argv[0] may be anything (exec -a, `ExecStart=@`).
 */
export function nodeAsTyped(
  { name, cwd, path = '', running }: TypedNode,
  follow: Follow = executable,
): string {
  const places = name.includes('/') ? [name] : path.split(delimiter).map((folder) => join(folder, name))
  const found = places.map((place) => resolve(cwd, place)).find((place) => follow(place) !== undefined)
  return found !== undefined && follow(found) === running ? found : running
}

/** What to run at `path` now; the Node that runs when nothing is there. */
export const nodeNow = (path: string, running: string, follow: Follow = executable): string =>
  follow(path) === undefined ? running : path

function executable(path: string): string | undefined {
  if (!existsSync(path)) return undefined
  try {
    const file = realpathSync(path)
    accessSync(file, constants.X_OK)
    return statSync(file).isFile() ? file : undefined
  } catch (error) {
    // A folder of PATH may be anything: what cannot be looked at leads to no Node.
    if (error instanceof Error) return undefined
    throw error
  }
}
