/** A handler as node:http calls it: `tsgunicorn examples/node-handler.mjs`. */

export default (_request, response) => {
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.end('Hello from a node handler\n')
}
