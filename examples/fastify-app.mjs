/** Fastify; it is made ready before the worker is: `tsgunicorn examples/fastify-app.mjs`. */

import Fastify from 'fastify'

export const app = Fastify()

app.get('/', async () => 'Hello from Fastify\n')
