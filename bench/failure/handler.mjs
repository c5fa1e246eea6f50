/**
 * The node application of `bench:failure`: every answer costs about a millisecond of computing, by the same OpenSSL
 * function as in app.py. `/hang` blocks the process, as a deadlock or a synchronous call that never returns does.
 */
import { pbkdf2Sync } from 'node:crypto'

export default (request, response) => {
  if (request.url === '/hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  const digest = pbkdf2Sync('benchmark', 'salt', 4000, 32, 'sha256').toString('hex')
  response.setHeader('Content-Type', 'text/plain')
  response.setHeader('Content-Length', digest.length)
  response.end(digest)
}
