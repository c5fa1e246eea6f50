/** What each part of `npm run bench` tells of the machine it ran on. */
import { cpus, loadavg, release } from 'node:os'

export const machineFacts = (): {
  readonly date: string
  readonly machine: string
  readonly busy: number
} => ({
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${process.platform} ${release()}`,
  busy: Math.round((loadavg()[0] ?? 0) * 100) / 100,
})

/** A whole number from 1, or an error that says which option has none. */
export const countOf = (
  options: Readonly<Record<string, string | boolean | undefined>>,
  name: string,
): number => {
  const value = Number(options[name])
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`--${name}: '${options[name]}' is not a number of ${name}. Use a whole number from 1.`)
}
