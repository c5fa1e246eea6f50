/** Messages as lines of text, for processes that have no channel of Node's: the same envelope, one a line. */
import { fileURLToPath } from 'node:url'

export const CMD = 'NODE_TSGUNICORN'

export const writeEnvelope = (body: unknown): string => `${JSON.stringify({ cmd: CMD, body })}\n`

/** From which files the process's code comes, in a line as Node says it under WATCH_REPORT_DEPENDENCIES. */
export const readImports = (line: string): readonly string[] =>
  line.startsWith('{"watch:') ? importedFiles(parsed(line)) : []

/** The same of a message: `{ 'watch:import': [...] }`, paths or file URLs. */
export function importedFiles(message: unknown): string[] {
  if (typeof message !== 'object' || message === null) return []
  const found = Object.entries(message).flatMap(([key, value]) =>
    (key === 'watch:import' || key === 'watch:require') && Array.isArray(value) ? value : [],
  )
  return found.filter((item) => typeof item === 'string').map(toPath)
}

const toPath = (file: string): string => (file.startsWith('file:') ? fileURLToPath(file) : file)

/** What a line holds, undefined for what is none of ours. Both ends are this program: the body has our types. */
export const readEnvelope = <T>(line: string): T | undefined => {
  const message = parsed(line)
  if (typeof message !== 'object' || message === null || !('cmd' in message) || message.cmd !== CMD)
    return undefined
  return 'body' in message ? (message.body as T) : undefined
}

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
