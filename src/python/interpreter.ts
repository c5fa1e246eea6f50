/** Which Python runs the applications: the setting, the active virtual environment, one that lies here, or python3. */

export interface Interpreter {
  /** Absolute; symbolic links as they are, or a virtual environment would not be found. */
  readonly path: string
  /** As `3.11.7`. */
  readonly version: string
  /** As `CPython`. */
  readonly implementation: string
  /** Why it was chosen: `python`, `VIRTUAL_ENV`, `.venv`, `venv` or `python3`. */
  readonly from: string
}

export interface InterpreterRequest {
  /** The setting `python`. */
  readonly python: string | undefined
  /** Absolute: where `.venv` and `venv` are looked for, and what relative paths start from. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
}
