/** Koa: `tsgunicorn examples/koa-app.mjs:app`. */

import Koa from 'koa'

export const app = new Koa()

app.use(async (context) => {
  context.body = 'Hello from Koa\n'
})
