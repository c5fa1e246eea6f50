/** A fetch handler, as Bun, Deno and Workers have it: `tsgunicorn examples/fetch.mjs`. */

export default {
  fetch(request) {
    return new Response(`Hello from fetch, ${new URL(request.url).pathname}\n`)
  },
}
