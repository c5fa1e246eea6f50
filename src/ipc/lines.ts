/** Messages as lines of text, for processes that have no channel of Node's: the same envelope, one a line. */
export const CMD = 'NODE_TSGUNICORN'

export const writeEnvelope = (body: unknown): string => `${JSON.stringify({ cmd: CMD, body })}\n`

/** What a line holds, undefined for what is none of ours. Both ends are this program: the body has our types. */
export const readEnvelope = <T>(line: string): T | undefined => {
  try {
    const message: unknown = JSON.parse(line)
    if (typeof message !== 'object' || message === null || !('cmd' in message) || message.cmd !== CMD)
      return undefined
    return 'body' in message ? (message.body as T) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
