/** A factory: `tsgunicorn 'examples/factory.mjs:create_app("hi")'`. */

export const create_app = async (greeting = 'Hello') => {
  return (_request, response) => {
    response.end(`${greeting} from a factory\n`)
  }
}
