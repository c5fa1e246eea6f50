/**
 * How the client fails: kinds with their exit statuses, and words for people and for programs. It prints nothing.
 */
import { hasCode, messageOf } from '../errors.ts'

/** Every exit status of tsgunicornc. */
export const exitStatuses = {
  ok: { status: 0, summary: 'It was done.' },
  failed: { status: 1, summary: 'The server refused, or what was asked for failed.' },
  usage: { status: 2, summary: 'The command line is not understood, or several servers could be meant.' },
  'not-running': { status: 3, summary: 'There is no server to talk to.' },
  late: { status: 4, summary: 'The time was over before an answer or the outcome came.' },
  interrupted: { status: 130, summary: 'It was interrupted; what was ordered goes on.' },
} as const satisfies Record<string, { readonly status: number; readonly summary: string }>

export type FailureKind = Exclude<keyof typeof exitStatuses, 'ok'>

/** `message` is complete: what, where, what to do. `code` is for programs and never changes its meaning. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly kind: FailureKind
  readonly code: string
  /** Text below the message: a stack, a list. */
  readonly detail: string | null

  constructor(
    kind: FailureKind,
    message: string,
    options: { readonly code?: string; readonly detail?: string | null; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.kind = kind
    this.code = options.code ?? kind
    this.detail = options.detail ?? null
  }

  get exitStatus(): number {
    return exitStatuses[this.kind].status
  }
}

/** Whatever was thrown, as a Failure; what is none is a fault of the program. */
export const failureOf = (thrown: unknown): Failure => {
  if (thrown instanceof Failure) return thrown
  const detail = thrown instanceof Error ? (thrown.stack ?? null) : null
  const message = `This is a fault of tsgunicornc, please report it: ${messageOf(thrown)}`
  return new Failure('failed', message, { code: 'fault', detail, cause: thrown })
}

/** What a failed connection to the socket at `path` means. `owner`: whose the socket is, when that is known. */
export const unreachable = (path: string, thrown: unknown, owner: string | null): Failure => {
  const fail = (kind: FailureKind, code: string, message: string) =>
    new Failure(kind, message, { code, cause: thrown })
  if (hasCode(thrown, 'ENOENT', 'ENOTDIR')) {
    return fail(
      'not-running',
      'no-socket',
      `No socket is at ${path}. Is the server running? Its log says where its control socket is.`,
    )
  }
  if (hasCode(thrown, 'ECONNREFUSED')) {
    return fail(
      'not-running',
      'stale',
      `Nobody answers on ${path}: its server is gone and left the file behind. The next start replaces it.`,
    )
  }
  if (hasCode(thrown, 'EACCES', 'EPERM')) {
    const whose = owner === null ? '' : ` It belongs to ${owner}: try "sudo -u ${owner} tsgunicornc ...".`
    return fail('failed', 'permission', `You may not use ${path}.${whose}`)
  }
  if (hasCode(thrown, 'ENOTSOCK', 'EPROTOTYPE'))
    return fail('usage', 'no-socket', `${path} is not a control socket.`)
  if (hasCode(thrown, 'EAGAIN')) {
    return fail('failed', 'busy', `The queue of ${path} is full: the master may hang, see "ps" and its log.`)
  }
  return fail('failed', 'unreachable', `${path} cannot be used: ${messageOf(thrown)}.`)
}
