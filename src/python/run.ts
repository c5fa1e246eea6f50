/** Runs an interpreter once, for a question that it answers in a moment. It knows no question. */
import { execFile } from 'node:child_process'
import { messageOf } from '../errors.ts'

export interface PythonRun {
  /** Absolute. */
  readonly path: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** `code` is undefined when it did not start, was killed, or took too long: `fault` says so. */
export interface PythonAnswer {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  readonly fault: string | undefined
}

/** A cold interpreter on a slow disk takes seconds; one that takes longer hangs. */
const limitMs = 10_000

/** Resolves when the run is over, at the latest after 10 s; never rejects. */
export const runPython = ({ path, args, cwd, env }: PythonRun): Promise<PythonAnswer> =>
  new Promise((resolve) => {
    const options = {
      cwd,
      env: { ...env },
      timeout: limitMs,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
    } as const
    const child = execFile(path, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code
      if (typeof code === 'number') return resolve({ code, stdout, stderr, fault: undefined })
      resolve({ code: undefined, stdout, stderr, fault: faultOf(error) })
    })
    // It may end without reading: nobody is to hear of that pipe.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end()
  })

const faultOf = (error: (Error & { killed?: boolean; signal?: NodeJS.Signals | null }) | null): string => {
  if (error?.killed) return `it did not answer within ${limitMs / 1000} s`
  if (error?.signal) return `it was ended by ${error.signal}`
  return messageOf(error)
}
