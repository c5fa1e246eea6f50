/** Whole answers to requests of node:http, on the control socket and at the admin listener. */
import type { ServerResponse } from 'node:http'

export interface Plain {
  readonly status: number
  readonly type: string
  readonly body: string
}

export const json = 'application/json; charset=utf-8'
export const text = 'text/plain; charset=utf-8'

/** For people and scripts alike: indented, and with an end of the line. */
export const jsonBody = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Sends it as it is, never to be cached. */
export const sendPlain = (
  response: ServerResponse,
  { status, type, body }: Plain,
  more: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...more,
  })
  response.end(body)
}
