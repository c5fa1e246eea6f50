/** Messages as lines of text, for processes that have no channel of Node's: the same envelope, one a line. */
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

export const CMD = 'NODE_TSGUNICORN'

export const writeEnvelope = (body: unknown): string => `${JSON.stringify({ cmd: CMD, body })}\n`

/** The files that a process's code comes from, absolute, and when they were read: not before `since`, wall-clock ms. */
export interface Imports {
  readonly files: readonly string[]
  /** Undefined: a moment ago. */
  readonly since: number | undefined
}

/** As Node says it in a line under WATCH_REPORT_DEPENDENCIES; undefined for what says no files. */
export const readImports = (line: string): Imports | undefined =>
  line.startsWith('{"watch:') ? importsIn(parsed(line)) : undefined

/** The same of a message: `{ 'watch:import': [...] }`, paths or file URLs; from Python with `since`. */
export function importsIn(message: unknown): Imports | undefined {
  const files = filesIn(message)
  if (files.length === 0) return undefined
  const since = typeof message === 'object' && message && 'since' in message ? message.since : undefined
  return { files, since: typeof since === 'number' ? since : undefined }
}

function filesIn(message: unknown): readonly string[] {
  if (typeof message !== 'object' || message === null) return []
  const found = Object.entries(message).flatMap(([key, value]) =>
    (key === 'watch:import' || key === 'watch:require') && Array.isArray(value) ? value : [],
  )
  return found.filter((item) => typeof item === 'string').map(toPath)
}

const toPath = (file: string): string =>
  file.startsWith('file:') && URL.canParse(file) ? fileURLToPath(file) : file

/**
 * Gives out the lines of a socket as they come. One that is longer than `most()` letters destroys it: who writes no end
 * of line would fill the memory. What comes behind the last end of line is dropped.
 */
export function onLines(socket: Socket, most: () => number, heard: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const end = chunk.lastIndexOf('\n')
    const lines = end === -1 ? [] : (rest + chunk.slice(0, end)).split('\n')
    rest = end === -1 ? rest + chunk : chunk.slice(end + 1)
    for (const line of lines) {
      // What one line says may end it, or make more of the next one welcome.
      if (line.length > most()) socket.destroy()
      if (socket.destroyed) return
      heard(line)
    }
    if (rest.length > most()) socket.destroy()
  })
}

/** The body of a line in our envelope, not judged yet; undefined for what is none of ours. */
export const readEnvelope = (line: string): unknown => {
  const message = parsed(line)
  if (typeof message !== 'object' || message === null || !('cmd' in message) || message.cmd !== CMD)
    return undefined
  return 'body' in message ? message.body : undefined
}

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
