/** What the master counts for statsd: workers, and log records by level. Without `statsd_host` nothing is sent. */
import type { Config } from '../config/config.ts'
import { createStatsd, type Statsd } from '../log/statsd.ts'

export class Metrics {
  #statsd: Statsd | undefined

  constructor(config: Config) {
    this.#statsd = open(config)
  }

  /** Goes over to another configuration's destination. */
  use(config: Config): void {
    this.#statsd?.close()
    this.#statsd = open(config)
  }

  workers(count: number): void {
    this.#statsd?.workers(count)
  }

  close(): void {
    this.#statsd?.close()
    this.#statsd = undefined
  }
}

const open = (config: Config): Statsd | undefined =>
  config.statsd_host
    ? createStatsd({ address: config.statsd_host, prefix: config.statsd_prefix, tags: config.dogstatsd_tags })
    : undefined
