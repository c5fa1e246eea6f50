/** The shapes of `--json` for the documents: the types of src/control/status.ts, word for word. */
import { readFileSync } from 'node:fs'

/** From the first interface on; the comment of the file is for developers. */
export const clientShapes = (): string => {
  const text = readFileSync(new URL('../../src/control/status.ts', import.meta.url), 'utf8')
  return text.slice(text.indexOf('export interface Status ')).trimEnd()
}
