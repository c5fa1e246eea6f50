/** What `init --from` is asked for. */
import type { Environment } from '../config/sources.ts'

export interface Translation {
  /** As it was asked for: a path, or `python:MODULE`. */
  readonly from: string
  /** Absolute: where relative paths start, and what a Python file is run in. */
  readonly directory: string
  readonly env: Environment
  /** Which of several applications. */
  readonly app?: string | undefined
  /** NAME of pm2's `env_NAME`. */
  readonly environment?: string | undefined
}
