/**
 * The catalogue of errors: every code, the exit status it leads to and what it means.
 *
 * A code never changes its meaning. Exit statuses are Gunicorn's: 1 for configuration and run-time refusals,
 * 2 for wrong usage of the command line, 3 when workers do not boot, 4 when the application cannot be loaded.
 * A message says what is wrong, where, and what to do; `cause` keeps the error beneath it. Why each happens and what to
 * do is told by docs/errors.md (generate/error-catalogue.ts).
 */

export const catalogue = {
  TSG_USAGE: { exit: 2, summary: 'The command line is not understood.' },
  TSG_CONFIG_NOT_FOUND: { exit: 1, summary: 'The configuration file does not exist or cannot be read.' },
  TSG_CONFIG_SYNTAX: { exit: 1, summary: 'The configuration file cannot be parsed.' },
  TSG_CONFIG_THREW: { exit: 1, summary: 'The configuration file threw while it was evaluated.' },
  TSG_CONFIG_SHAPE: { exit: 1, summary: 'The configuration file does not export settings.' },
  TSG_SETTING_UNKNOWN: { exit: 1, summary: 'No setting has this name.' },
  TSG_SETTING_INVALID: { exit: 1, summary: 'A setting has a value that it cannot have.' },
  TSG_SETTING_LATER: {
    exit: 1,
    summary: 'The setting belongs to a part of the server that is not there yet.',
  },
  TSG_ENVIRONMENT: { exit: 1, summary: 'An environment variable has a value that it cannot have.' },
  TSG_ADDRESS_INVALID: { exit: 1, summary: 'A bind address cannot be understood.' },
  TSG_ADDRESS_IN_USE: { exit: 1, summary: 'Another process listens on the address.' },
  TSG_ADDRESS_REFUSED: { exit: 1, summary: 'The operating system refuses to bind the address.' },
  TSG_PIDFILE_OWNED: { exit: 1, summary: 'A running master owns the pidfile.' },
  TSG_PIDFILE_UNWRITABLE: { exit: 1, summary: 'The pidfile cannot be written.' },
  TSG_PRIVILEGES: { exit: 1, summary: 'The user or the group does not exist, or may not be changed to.' },
  TSG_CHDIR: { exit: 1, summary: 'The working directory cannot be entered.' },
  TSG_LOG_UNWRITABLE: { exit: 1, summary: 'A log cannot be opened.' },
  TSG_HOOK_FAILED: { exit: 3, summary: 'The hook ssl_context threw, or gave no context.' },
  TSG_PLATFORM: { exit: 1, summary: 'The running Node or operating system lacks what a setting needs.' },
  TSG_WORKER_BOOT: { exit: 3, summary: 'Workers do not boot.' },
  TSG_APP_NOT_FOUND: { exit: 3, summary: 'The application module does not exist.' },
  TSG_APP_THREW: { exit: 3, summary: 'The application module threw while it was loaded.' },
  TSG_APP_NO_LISTEN: { exit: 3, summary: 'The script ended without listening.' },
  TSG_APP_ATTRIBUTE: { exit: 4, summary: 'The application module has no such attribute.' },
  TSG_APP_SHAPE: { exit: 4, summary: 'What the module exports is not an application.' },
  TSG_CONFIG_APP: { exit: 1, summary: 'The configuration is checked, and its application cannot be loaded.' },
  TSG_NO_APP: { exit: 1, summary: 'No application is named.' },
  TSG_PYTHON: { exit: 1, summary: 'There is no Python interpreter that can be used.' },
  TSG_WORKER_UNKNOWN: { exit: 1, summary: 'No worker of this server has the pid.' },
  TSG_PROFILE: { exit: 1, summary: 'A profile of a worker cannot be taken.' },
  TSG_TLS: { exit: 1, summary: 'A certificate, a private key or the ciphers cannot be used.' },
} as const satisfies Record<string, { readonly exit: number; readonly summary: string }>

export type ErrorCode = keyof typeof catalogue

export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(catalogue, value)

/** An error a user can act on. `message` is complete: it is printed without a stack. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly code: ErrorCode
  /** Text to print below the message: a code frame, a list of exports, a stack of user code. */
  readonly detail: string | undefined
  /** What the error is about, where a caller says more of it: an address as it is logged. */
  readonly subject: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly detail?: string; readonly subject?: string } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.code = code
    this.detail = options.detail
    this.subject = options.subject
  }

  get exitStatus(): number {
    return catalogue[this.code].exit
  }
}

/** The words of anything thrown: an error's message, else its text. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown)

/** Whether `thrown` is a system error with one of these codes, as `ENOENT`. */
export const hasCode = (thrown: unknown, ...codes: readonly string[]): boolean =>
  thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code))
