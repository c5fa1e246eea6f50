/**
 * What a fetch application may do beyond answering: `tsgunicorn examples/fetch-platform.mjs`.
 *
 *     curl http://127.0.0.1:8000/                              who are you
 *     curl -N http://127.0.0.1:8000/clock                      a stream of events; it ends when the client goes
 *     curl -N -T - http://127.0.0.1:8000/upper                 a body answered while it is being sent
 *     curl --http1.1 -N -H 'Connection: Upgrade' -H 'Upgrade: echo' http://127.0.0.1:8000/
 */
import { setTimeout as sleep } from 'node:timers/promises'

/** Server-sent events, until the client is gone. */
async function* clock(signal) {
  while (!signal.aborted) {
    yield `data: ${new Date().toISOString()}\n\n`
    await sleep(1000, undefined, { signal }).catch(() => undefined)
  }
}

const upper = () => new TransformStream({ transform: (text, out) => out.enqueue(text.toUpperCase()) })

const routes = {
  '/clock': (request) =>
    new Response(clock(request.signal), { headers: { 'content-type': 'text/event-stream' } }),
  '/upper': (request) =>
    new Response(request.body?.pipeThrough(new TextDecoderStream()).pipeThrough(upper()) ?? null),
}

export default {
  fetch(request, context) {
    const { pathname, protocol } = new URL(request.url)
    // The answer does not wait for it; a worker that is replaced does.
    context.waitUntil(sleep(100).then(() => console.log(`served ${pathname}`)))
    const route = routes[pathname]
    if (route) return route(request)
    return Response.json({ address: context.requestIP(request)?.address ?? null, protocol })
  },

  /** The raw connection of whoever asks for another protocol, and what was read of it already. */
  upgrade(request, socket, head) {
    if (request.headers.get('upgrade') !== 'echo') {
      const refusal = 'HTTP/1.1 426 Upgrade Required\r\nUpgrade: echo\r\nConnection: close\r\n\r\n'
      // It ends our side alone: a socket that nobody reads would not see the client's end, and stay.
      socket.end(refusal, () => socket.destroy())
      return
    }
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.write(head)
    socket.pipe(socket).on('error', () => socket.destroy())
  },
}
