/** The node application for pm2: it leaves on SIGINT when its requests are answered, as pm2's manual asks for. */
import { createServer } from 'node:http'
import handler from './handler.mjs'

const server = createServer(handler).listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGINT', () => server.close(() => process.exit()))
