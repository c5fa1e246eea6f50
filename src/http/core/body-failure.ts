/** What whoever reads a request's body is told when it does not come whole: the client's fault, told to the log already. */
export class BodyFailure extends Error {
  /** What node says of requests that were broken off. */
  readonly code = 'ECONNRESET'

  constructor(reason: string) {
    super(`the body did not arrive whole: ${reason}`)
    this.name = 'BodyFailure'
  }
}
