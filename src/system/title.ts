/** Names of processes, as ps(1) and top(1) show them. It does not know what the names are. */

/** Bytes. libuv writes the title over the arguments and cuts it to their length; no title of ours is longer. */
const room = 120

/**
 * What to pass as `argv0` when a process is spawned that is to have a title: the program's name, with room behind it.
 * Node takes it for `process.argv0`, not for `process.execPath`.
 */
export const paddedArgv0 = (name: string): string => name.padEnd(room)

/** Sets the title of this process; what does not fit is cut. */
export const setTitle = (title: string): void => {
  process.title = title
}
