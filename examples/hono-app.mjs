/** Hono: `tsgunicorn examples/hono-app.mjs`. */

import { Hono } from 'hono'

const app = new Hono()

app.get('/', (context) => context.text('Hello from Hono\n'))

export default app
