/**
 * Tells when one of the given files has other content than before. Not when it was merely touched, or something else
 * happened beside it. It knows neither why the files matter nor what a reload is.
 *
 * Watched are the directories of the files and of the links that lead to them, never a tree; an event there is only
 * the reason to read the files again. What they hold decides.
 */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { FSWatcher } from 'chokidar'
import { hasCode } from '../errors.ts'
import { trailOf } from './trail.ts'

export interface WatchOptions {
  /** Ask every second, instead of being told: for network file systems and bind mounts that send no events. */
  readonly poll: boolean
  /** The files that changed, sorted; never empty. */
  readonly onChange: (files: readonly string[]) => void
  /** Told what the operating system says when it cannot watch (too many watches). */
  readonly onError?: (thrown: unknown) => void
  /** Quiet time to wait for, so that a checkout or a slow save is one change. */
  readonly debounceMs?: number
  /** How often to ask, with `poll`. */
  readonly pollMs?: number
}

export interface Watch {
  /**
   * Replaces the files, absolute paths. What the ones already known held is kept. `readAt`: wall-clock ms at which
   * somebody read a file; one that was modified since then has changed, though nobody watched it yet.
   */
  setFiles(files: readonly string[], readAt?: ReadTimes): Promise<void>
  close(): Promise<void>
}

/** File -> wall-clock ms. */
export type ReadTimes = ReadonlyMap<string, number>

/** What stands for the content of a file that changed before it was watched. */
const outdated = 'outdated'

/** File times lag behind the clock by a tick of the kernel: better one reload too many than a change that is missed. */
const tickMs = 10

const changedSince = async (file: string, readAt: number | undefined): Promise<boolean> => {
  if (readAt === undefined) return false
  try {
    return (await stat(file)).mtimeMs > readAt - tickMs
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) return false
    throw thrown
  }
}

/** What stands for the content of a file that is not there. */
const absent = 'absent'

const contentOf = async (path: string): Promise<string> => {
  try {
    return createHash('sha1')
      .update(await readFile(path))
      .digest('base64')
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'EISDIR')) return absent
    throw thrown
  }
}

/** What stands for the content that somebody read at `readAt`; first the content, then whether that was too late. */
const contentSince = async (file: string, readAt: number | undefined): Promise<string> => {
  const content = await contentOf(file)
  return (await changedSince(file, readAt)) ? outdated : content
}

/** One chokidar per directory: taking a directory out of a shared one leaves it deaf to its return. */
type OpenWatcher = (directory: string) => FSWatcher

interface OpenDirectory {
  readonly watcher: FSWatcher
  /** Its entries that matter, as one text: one that polls knows those alone that mattered when it was opened. */
  readonly names: string
}

/** Directory -> the names in it that matter. */
const namesByDirectory = (paths: readonly string[]): Map<string, string> => {
  const names = new Map<string, string>()
  for (const path of new Set(paths.toSorted()))
    names.set(dirname(path), `${names.get(dirname(path)) ?? ''}${basename(path)}\0`)
  return names
}

class FileWatch implements Watch {
  readonly #options: WatchOptions
  readonly #open: OpenWatcher
  #contents = new Map<string, string>()
  /** Entries whose events matter; the rest of their directories is ignored. */
  readonly #entries: Set<string>
  readonly #watchers = new Map<string, OpenDirectory>()
  #timer: NodeJS.Timeout | undefined
  /** The last of those that wait for one another: what replaces the files, and what looks at them. */
  #last: Promise<void> = Promise.resolve()
  #phase: 'open' | 'closed' = 'open'

  constructor(open: OpenWatcher, entries: Set<string>, options: WatchOptions) {
    this.#options = options
    this.#open = open
    this.#entries = entries
  }

  setFiles(files: readonly string[], readAt: ReadTimes = new Map()): Promise<void> {
    return this.#inTurn(() => this.#replace(files, readAt))
  }

  /** First the watch, then the reading, then the times: what changes between any two of them is seen. */
  async #replace(files: readonly string[], readAt: ReadTimes): Promise<void> {
    await this.#follow(files)
    const before = this.#contents
    const contents = await Promise.all(
      files.map(
        async (file) => [file, before.get(file) ?? (await contentSince(file, readAt.get(file)))] as const,
      ),
    )
    this.#contents = new Map(contents)
    if (contents.some(([, content]) => content === outdated)) this.#soon()
  }

  /** Behind what was begun before: a check beside a replacement would look at files that are none any more. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    // Its failure is for who asked for it, and keeps nobody else from their turn.
    this.#last = done.catch(() => undefined)
    return done
  }

  async close(): Promise<void> {
    this.#phase = 'closed'
    clearTimeout(this.#timer)
    await this.#last
    await Promise.all([...this.#watchers.values()].map(({ watcher }) => watcher.close()))
  }

  /** Brings the watched directories in line with where the files and links are now. */
  async #follow(files: readonly string[]): Promise<void> {
    const trails = files.flatMap(trailOf)
    const wanted = namesByDirectory(trails)
    this.#entries.clear()
    for (const path of [...trails, ...wanted.keys()]) this.#entries.add(path)
    const gone = [...this.#watchers].filter(([directory, { names }]) => names !== wanted.get(directory))
    for (const [directory] of gone) this.#watchers.delete(directory)
    const come = [...wanted].filter(([directory]) => !this.#watchers.has(directory))
    await Promise.all(come.map(([directory, names]) => this.#watch(directory, names)))
    // Not before the others hear: a directory may be among both.
    await Promise.all(gone.map(([, { watcher }]) => watcher.close()))
  }

  /** Resolves when it watches, or has failed to. */
  async #watch(directory: string, names: string): Promise<void> {
    const watcher = this.#open(directory)
    this.#watchers.set(directory, { watcher, names })
    watcher.on('all', () => this.#soon())
    // chokidar drops the second of two changes within 50 ms; the system's own events it passes on.
    watcher.on('raw', (_event, path) => {
      if ([...this.#entries].some((entry) => basename(entry) === basename(String(path ?? '')))) this.#soon()
    })
    await new Promise<void>((resolve) => {
      watcher.once('ready', () => resolve())
      watcher.on('error', (thrown) => {
        this.#options.onError?.(thrown)
        resolve()
      })
    })
  }

  #soon(): void {
    clearTimeout(this.#timer)
    if (this.#phase === 'closed') return
    this.#timer = setTimeout(() => {
      this.#inTurn(() => this.#check()).catch((thrown) => this.#options.onError?.(thrown))
    }, this.#options.debounceMs ?? 100)
  }

  async #check(): Promise<void> {
    const files = [...this.#contents.keys()]
    await this.#follow(files)
    const changed: string[] = []
    for (const file of files) {
      const content = await contentOf(file)
      if (content === this.#contents.get(file)) continue
      this.#contents.set(file, content)
      changed.push(file)
    }
    if (changed.length > 0 && this.#phase === 'open') this.#options.onChange(changed.sort())
  }
}

const pollInterval = 1000

/**
 * Watches exactly these files (absolute paths; one that does not exist yet may come). Resolves when it watches.
 * A file whose name is gone for longer than `debounceMs` while it is saved is two changes.
 */
export const watchFiles = async (
  files: readonly string[],
  options: WatchOptions,
  readAt?: ReadTimes,
): Promise<Watch> => {
  const { watch } = await import('chokidar')
  const entries = new Set<string>()
  const open: OpenWatcher = (directory) =>
    watch(directory, {
      followSymlinks: false,
      depth: 0,
      ignoreInitial: true,
      usePolling: options.poll,
      interval: options.pollMs ?? pollInterval,
      ignorePermissionErrors: true,
      ignored: (path) => !entries.has(path),
    })
  const watching = new FileWatch(open, entries, options)
  await watching.setFiles(files, readAt)
  return watching
}
