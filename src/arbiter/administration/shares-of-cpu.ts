/** The share of one processor that each process had since it was looked at last. */

/** Who looks twice at once, or two who look by turns, are told of the time before. Milliseconds. */
const shortest = 500

interface Look {
  readonly at: number
  readonly seconds: number
  readonly share: number | null
}

export class CpuShares {
  readonly #looks = new Map<number, Look>()

  /** `age`: the process; `seconds`: what it has used since its start; `now`: monotonic milliseconds. Null at the first look. */
  share(age: number, seconds: number, now: number): number | null {
    const last = this.#looks.get(age)
    if (last && now - last.at < shortest) return last.share
    const share = last ? Math.max(0, (seconds - last.seconds) / ((now - last.at) / 1000)) : null
    this.#looks.set(age, { at: now, seconds, share })
    return share
  }

  /** Forgets all but these. */
  keep(ages: ReadonlySet<number>): void {
    for (const age of this.#looks.keys()) if (!ages.has(age)) this.#looks.delete(age)
  }
}
