/** The smallest TypeScript application: `tsgunicorn examples/hello.ts`. */

import type { IncomingMessage, ServerResponse } from 'node:http'

export const app = (request: IncomingMessage, response: ServerResponse): void => {
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.end(`Hello from process ${process.pid}, you asked for ${request.url}\n`)
}
