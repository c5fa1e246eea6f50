/** A program that knows nothing of tsgunicorn: `node server-script.mjs` or `tsgunicorn examples/server-script.mjs`. */

import { createServer } from 'node:http'

const server = createServer((_request, response) => {
  response.end('Hello from a script\n')
})
server.listen(process.env.PORT ?? 3000, () => {
  console.log('listening on', server.address())
})
