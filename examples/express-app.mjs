/** Express: `tsgunicorn examples/express-app.mjs`. */

import express from 'express'

export const app = express()

app.get('/', (_request, response) => {
  response.send('Hello from Express\n')
})
