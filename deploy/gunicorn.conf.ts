import { defineConfig } from 'tsgunicorn'

// What the files in this folder are written for: `tsgunicorn init RECIPE` in /srv/app, with this configuration there.
export default defineConfig({
  wsgi_app: './app.js',
  // The path for nginx, which is on the same machine; the port for HAProxy and for a look with curl.
  bind: ['unix:/run/app/http.sock', '127.0.0.1:8000'],
  // /livez and /readyz, for those who have to know.
  admin_bind: '127.0.0.1:9000',
  workers: 2,
  // Longer than a proxy keeps an idle connection.
  keepalive: 65,
  limit_request_body: '10M',
  pidfile: '/run/app/app.pid',
  control_socket: '/run/app/control.sock',
  errorlog: '/var/log/app/error.log',
  accesslog: '/var/log/app/access.log',
})
