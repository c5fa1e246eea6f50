/** Where the logs go, by the configuration: files to follow, and sentences about those that are none. Pure. */
import { isAbsolute, join } from 'node:path'
import type { ConfigFact } from '../../control/status.ts'

export interface LogTargets {
  /** Absolute, each once. */
  readonly files: readonly string[]
  readonly notes: readonly string[]
}

const logSettings = ['errorlog', 'accesslog'] as const

/** `directory`: of the server; null when the system does not tell it. */
export const logTargets = (facts: readonly ConfigFact[], directory: string | null): LogTargets => {
  const files = new Set<string>()
  const notes: string[] = []
  for (const name of logSettings) {
    const value = facts.find((fact) => fact.name === name)?.value
    if (typeof value !== 'string' || value === '') notes.push(`${name}: nothing is logged.`)
    else if (value === '-') notes.push(standardStreamNote(name))
    else if (isAbsolute(value)) files.add(value)
    else if (directory !== null) files.add(join(directory, value))
    else notes.push(`${name}: '${value}' lies in the server's working directory, which is not known.`)
  }
  return { files: [...files], notes }
}

const standardStreamNote = (name: string): string =>
  `${name}: goes to the server's standard ${name === 'errorlog' ? 'error' : 'output'}. See it where that goes: "journalctl -u SERVICE -f", "docker logs -f CONTAINER", or the terminal. To have a file, set ${name}.`
