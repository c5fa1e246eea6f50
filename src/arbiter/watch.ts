/**
 * `reload`: watches exactly the files that the application and the configuration were made of, as the workers
 * report their imports, and `reload_extra_files`. Without the setting nothing is watched and nothing is loaded.
 */
import type { Config } from '../config/config.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log/logger.ts'
import type { Watch as FileWatch } from '../reload/watch.ts'

/** How many files a line of the log names. */
const SHOWN = 20

export class Watch {
  readonly #changed: (files: readonly string[]) => void
  readonly #log: Logger
  /** Each with the time at which it was reported to be read. */
  readonly #files = new Map<string, number>()
  #watching: FileWatch | undefined
  /** Updates are made one after the other: the last one knows all files. */
  #last: Promise<void> = Promise.resolve()
  #scheduled = false

  constructor(changed: (files: readonly string[]) => void, log: Logger) {
    this.#changed = changed
    this.#log = log
  }

  /** More files to watch, read at `readAt` at the earliest; the reports of one turn are taken together. */
  add(config: Config, files: readonly string[], readAt = Date.now()): void {
    if (!config.reload) return
    for (const file of files) if (!this.#files.has(file)) this.#files.set(file, readAt)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#last = this.#last.then(() => {
      this.#scheduled = false
      return this.#update(config).catch((error: unknown) => this.#log.error(`reload: ${messageOf(error)}`))
    })
  }

  async #update(config: Config): Promise<void> {
    const { expandGlobs } = await import('../reload/globs.ts')
    const all = [...this.#files.keys(), ...expandGlobs(config.reload_extra_files, config.chdir)]
    if (this.#watching) await this.#watching.setFiles(all, this.#files)
    else this.#watching = await this.#open(all, config)
    this.#log.debug(`watching ${all.length} files: ${all.slice(0, SHOWN).join(', ')}`, { files: all })
  }

  async #open(files: readonly string[], config: Config): Promise<FileWatch> {
    const { watchFiles } = await import('../reload/watch.ts')
    const poll = config.reload_engine === 'poll'
    const onError = (error: unknown) => this.#log.error(`reload: ${messageOf(error)}`)
    return watchFiles(files, { poll, onChange: this.#changed, onError }, this.#files)
  }

  end(): void {
    void this.#last.then(() => this.#watching?.close())
  }
}
