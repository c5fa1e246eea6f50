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
  #watching: Promise<FileWatch> | undefined
  #scheduled = false

  constructor(changed: (files: readonly string[]) => void, log: Logger) {
    this.#changed = changed
    this.#log = log
  }

  /** More files to watch; one turn's reports are taken together. */
  add(config: Config, files: readonly string[]): void {
    if (!config.reload) return
    const before = this.#files.size
    for (const file of files) this.#files.add(file)
    if (this.#files.size === before || this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#update(config).catch((error: unknown) => this.#log.error(`reload: ${messageOf(error)}`))
    })
  }

  async #update(config: Config): Promise<void> {
    const { expandGlobs } = await import('../reload/globs.ts')
    const all = [...this.#files, ...expandGlobs(config.reload_extra_files, config.chdir)]
    if (this.#watching) {
      const watching = await this.#watching
      await watching.setFiles(all)
      return
    }
    const { watchFiles } = await import('../reload/watch.ts')
    const poll = config.reload_engine === 'poll'
    const onError = (error: unknown) => this.#log.error(`reload: ${messageOf(error)}`)
    this.#watching = watchFiles(all, { poll, onChange: this.#changed, onError })
    await this.#watching
  }

  end(): void {
    this.#watching?.then(
      (watching) => watching.close(),
      (error: unknown) => this.#log.debug(messageOf(error)),
    )
  }
}
