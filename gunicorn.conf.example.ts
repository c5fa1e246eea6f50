/**
 * An example of gunicorn.conf.ts: what most servers set, and a hook. `npm start` runs it; copy it and change it.
 * Every setting is in docs/settings.md, and your editor completes them with their documentation.
 */
import { defineConfig } from 'tsgunicorn'

export default defineConfig({
  // The application: a file or a module, and which of its exports (MODULE[:NAME]).
  wsgi_app: './examples/hello.ts',

  // Where to listen: HOST:PORT, unix:PATH or fd://N, one or several.
  bind: process.env['PORT'] ? `0.0.0.0:${process.env['PORT']}` : '127.0.0.1:8000',

  // As many workers as this process may use cores (the container's quota counts, not the machine's cores).
  workers: 'auto',

  // A worker that says nothing for so many seconds is blocked: its stack is logged, and it is replaced.
  timeout: 30,

  // Behind a load balancer this should be longer than the balancer's own idle time.
  keepalive: 5,

  // Replace workers now and then, never all at once, never before the successor is ready.
  max_requests: 100_000,
  max_requests_jitter: 10_000,

  // '-' is the terminal.
  accesslog: '-',

  when_ready(server) {
    server.log.info(
      `Ready at ${server.address.join(', ')}: kill -HUP ${server.pid} reloads, kill -TERM stops`,
    )
  },
})
