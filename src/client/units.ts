/** Numbers for people: times, sizes, shares, counts. Pure; what is not known is a dash. */

export const unknown = '-'

type Known<T> = T | null | undefined

const known = <T>(value: Known<T>, words: (value: T) => string): string =>
  value === null || value === undefined ? unknown : words(value)

/** Seconds of a request or a delay: `0`, `850 us`, `1.2 ms`, `3.4 s`, `2m 5s`. */
export const quick = (seconds: Known<number>): string =>
  known(seconds, (value) => {
    if (value <= 0) return '0'
    if (value < 0.0009995) return `${Math.round(value * 1e6)} us`
    if (value < 0.9995) return `${short(value * 1000)} ms`
    return value < 59.95 ? `${short(value)} s` : span(value)
  })

/** Seconds of a life: `42s`, `3m 7s`, `5h 12m`, `3d 4h`. */
export const span = (seconds: Known<number>): string =>
  known(seconds, (value) => {
    const whole = Math.max(0, Math.floor(value))
    const parts: ReadonlyArray<readonly [number, string]> = [
      [Math.floor(whole / 86_400), 'd'],
      [Math.floor(whole / 3600) % 24, 'h'],
      [Math.floor(whole / 60) % 60, 'm'],
      [whole % 60, 's'],
    ]
    const first = parts.findIndex(([count]) => count > 0)
    if (first === -1) return '0s'
    return parts
      .slice(first, first + 2)
      .filter(([count], at) => at === 0 || count > 0)
      .map(([count, unit]) => `${count}${unit}`)
      .join(' ')
  })

/** Bytes: `512 B`, `3.4 kB`, `120 MB`, `1.2 GB`; powers of 1024, as `ps` and `top` count. */
export const size = (bytes: Known<number>): string =>
  known(bytes, (value) => {
    const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const
    let left = value
    let at = 0
    while (left >= 999.5 && at < units.length - 1) {
      left /= 1024
      at++
    }
    return at === 0 ? `${Math.round(left)} B` : `${short(left)} ${units[at] ?? ''}`
  })

/** A share of one: `0.4 %`, `87 %`. */
export const percent = (share: Known<number>): string => known(share, (value) => `${short(value * 100)} %`)

/** A count, with commas between thousands: `12,345`. */
export const count = (value: Known<number>): string =>
  known(value, (number) => String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ','))

/** Per second: `0`, `3.2`, `120`, `12,300`. */
export const rate = (value: Known<number>): string =>
  known(value, (number) => (number < 99.5 ? short(number) : count(number)))

/** Two digits that mean something below ten, whole numbers above. */
const short = (value: number): string => {
  const rounded = value < 9.95 ? Math.round(value * 10) / 10 : Math.round(value)
  return String(rounded)
}

/** An ISO moment as seconds before `now` (milliseconds): `12s ago`. */
export const ago = (moment: string, now: number): string => `${span((now - Date.parse(moment)) / 1000)} ago`
