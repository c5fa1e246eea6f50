/** How the program ends: the one place of `process.exit` outside workers, and the words for what went wrong. */
import { ServerError } from '../errors.ts'
import { isJournal, withPriority } from '../systemd/journal.ts'

export const exit = (status: number): never => process.exit(status)

/** An error in the user's words, on the standard error; a stack only for what is a fault of this program. */
export function explain(error: unknown): number {
  if (error instanceof ServerError) {
    tell(`\nError: ${error.message}\n${error.detail ? `\n${error.detail}\n` : ''}`)
    return error.exitStatus
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  tell(`\nError: this is a fault of tsgunicorn, please report it:\n${stack}\n`)
  return 1
}

/** With the priority of errors, where journald reads it. */
function tell(words: string): void {
  process.stderr.write(isJournal(process.stderr.fd) ? withPriority(3, words) : words)
}
