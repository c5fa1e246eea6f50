/** What the open-loop generator's process and the benchmark say to one another. Types only. */

export interface OpenLoadPlan {
  readonly port: number
  /** Requests a second, whatever the answers do. */
  readonly rate: number
  /** One request of so many is asked on a connection of its own; the others on kept ones. */
  readonly freshEvery: number
  /** Milliseconds. */
  readonly timeout: number
}

/** One request. Times are milliseconds of the machine's monotonic clock, which all processes share. */
export interface Asked {
  /** When it was due, which is what its latency counts from. */
  readonly due: number
  readonly latency: number
  /** Why it failed: `refused`, `reset`, `closed`, `truncated`, `timeout`, `status 502`, ... Absent: it was answered. */
  readonly kind?: string
}

export type OpenLoadOrder = 'stop'
export type OpenLoadNews = { readonly type: 'began' } | { readonly type: 'report'; readonly asked: Asked[] }
