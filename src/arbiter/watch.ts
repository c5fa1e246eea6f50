/**
 * `reload`: watches exactly the files that the application and the configuration were made of, as the workers
 * report their imports, and `reload_extra_files`. Without the setting nothing is watched and nothing is loaded.
 */
import type { Config } from '../config/config.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log/logger.ts'
import type { Watch as FileWatch } from '../reload/watch.ts'

export class Watch {
  readonly #changed: (files: readonly string[]) => void
  readonly #log: Logger
  readonly #files = new Set<string>()
  #watching: FileWatch | undefined
  /** Updates are made one after the other: the last one knows all files. */
  #last: Promise<void> = Promise.resolve()
  #scheduled = false

  constructor(changed: (files: readonly string[]) => void, log: Logger) {
    this.#changed = changed
    this.#log = log
  }

  /** More files to watch; the reports of one turn are taken together. */
  add(config: Config, files: readonly string[]): void {
    if (!config.reload) return
    for (const file of files) this.#files.add(file)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#last = this.#last.then(() => {
      this.#scheduled = false
      return this.#update(config).catch((error: unknown) => this.#log.error(`reload: ${messageOf(error)}`))
    })
  }

  async #update(config: Config): Promise<void> {
    const { expandGlobs } = await import('../reload/globs.ts')
    const all = [...this.#files, ...expandGlobs(config.reload_extra_files, config.chdir)]
    if (this.#watching) {
      await this.#watching.setFiles(all)
      return
    }
    const { watchFiles } = await import('../reload/watch.ts')
    const poll = config.reload_engine === 'poll'
    const onError = (error: unknown) => this.#log.error(`reload: ${messageOf(error)}`)
    this.#watching = await watchFiles(all, { poll, onChange: this.#changed, onError })
  }

  end(): void {
    void this.#last.then(() => this.#watching?.close())
  }
}
