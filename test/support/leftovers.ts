/**
 * What a server must not leave behind: complaints in its log, files in its folder. Pure.
 */

export interface Cleanliness {
  /** Log lines of warning level and above that the test provoked. */
  readonly allows?: readonly RegExp[]
  /** Files (first path component) that may stay, as logs. */
  readonly keeps?: readonly string[]
  /** How the started process must have ended; 0 unless said. */
  readonly code?: number | null
}

interface Findings {
  readonly log: string
  readonly exit: { readonly code: number | null; readonly signal: string | null }
  /** Files nobody declared. */
  readonly left: readonly string[]
  readonly clean: Cleanliness
}

/** Complaining lines: Gunicorn's levels from warning on, and what Node prints when something went by unseen. */
const complaint =
  /\[(WARNING|ERROR|CRITICAL)\]|^\(node:\d+\)|Warning: |UnhandledPromiseRejection|^\s+at .*\/dist\//

/** Nothing but a test that says so may have been killed. */
const killed = /SIGKILL/

export const findFaults = ({ log, exit, left, clean }: Findings): string[] => {
  const allows = clean.allows ?? []
  const lines = log
    .split('\n')
    .filter(
      (line) => (complaint.test(line) || killed.test(line)) && !allows.some((allowed) => allowed.test(line)),
    )
    .map((line) => `unexpected in the log: ${line}`)
  const files = left.map((name) => `left in the folder: ${name}`)
  const wanted = clean.code === undefined ? 0 : clean.code
  const ended = exit.code === wanted ? [] : [`exit code ${exit.code} (${exit.signal}), not ${wanted}`]
  return [...ended, ...lines, ...files]
}
