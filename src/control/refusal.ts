/** What an asker is told when there is no answer: codes, and what HTTP makes of them. */

export const refusalCodes = {
  usage: { status: 400, summary: 'The command, or an argument, is not understood.' },
  forbidden: { status: 403, summary: 'The socket takes no orders (read-only), or the token is missing.' },
  refused: { status: 409, summary: 'The server said no.' },
  failed: { status: 409, summary: 'It was tried, and failed.' },
  late: { status: 504, summary: 'The time that was asked for is over; it may happen yet.' },
} as const satisfies Record<string, { readonly status: number; readonly summary: string }>

export type RefusalCode = keyof typeof refusalCodes

/** An answer, not a fault of the server: `message` is a sentence for who asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  /** Text below the message, as a code frame or a stack of the application. */
  readonly detail: string | undefined

  constructor(code: RefusalCode, message: string, detail?: string) {
    super(message)
    this.code = code
    this.detail = detail
  }
}
