/** How the program ends: the one place of `process.exit` outside workers, and the words for what went wrong. */
import { ServerError } from '../errors.ts'
import { isJournal, withPriority } from '../systemd/journal.ts'
import { withCode } from '../util/with-code.ts'

export const exit = (status: number): never => process.exit(status)

/** An error in the user's words; a stack only for what is a fault of this program. */
export const errorText = (error: unknown): string => {
  if (error instanceof ServerError)
    return `\nError: ${withCode(error.message, error.code)}\n${error.detail ? `\n${error.detail}\n` : ''}`
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `\nError: this is a fault of tsgunicorn, please report it:\n${stack}\n`
}

/** Tells the error on the standard error, and gives the exit status. */
export function explain(error: unknown): number {
  tell(errorText(error))
  return error instanceof ServerError ? error.exitStatus : 1
}

/** With the priority of errors, where journald reads it. */
function tell(words: string): void {
  process.stderr.write(isJournal(process.stderr.fd) ? withPriority(3, words) : words)
}
