/**
 * Real reverse proxies in front of a server under test: nginx and HAProxy as Debian packages them, each on a loopback
 * port, from a small configuration in a temporary folder. They keep connections to the server open and log each
 * request they pass on, so that a test can compare.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'
import { freePort } from './machine.ts'
import { isAlive } from './processes.ts'
import { request, type Target } from './raw-client.ts'
import { sharedFolder } from './shared-folder.ts'

interface Place {
  readonly folder: string
  readonly port: number
  readonly upstream: number
}

interface Kind {
  readonly config: (place: Place) => string
  readonly command: (config: string) => readonly string[]
}

/** One worker and one kept connection: who comes next is on the connection that the one before has used. */
const nginx: Kind = {
  command: (config) => ['nginx', '-c', config, '-g', 'daemon off;'],
  config: ({ folder, port, upstream }) => `
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/errors.log warn;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  log_format seen '$request_method $request_uri';
  access_log ${folder}/access.log seen;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  client_header_timeout 1s; client_body_timeout 1s; client_max_body_size 0; keepalive_timeout 5s;
  underscores_in_headers on; ignore_invalid_headers off;
  upstream app { server 127.0.0.1:${upstream} max_fails=0; keepalive 1; keepalive_timeout 1s; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_next_upstream off;
      proxy_set_header Connection '';
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto https;
    }
  }
}
`,
}

const haproxy: Kind = {
  command: (config) => ['haproxy', '-db', '-f', config],
  config: ({ port, upstream }) => `
global
  log stdout format raw local0
  nbthread 1
defaults
  mode http
  log global
  log-format "%HM %HU"
  retries 0
  timeout connect 2s
  timeout client 20s
  timeout server 20s
  timeout http-request 1s
  timeout http-keep-alive 5s
frontend outside
  bind 127.0.0.1:${port}
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  default_backend app
backend app
  http-reuse always
  server app 127.0.0.1:${upstream} pool-max-conn 1 pool-purge-delay 1s
`,
}

const kinds = { nginx, haproxy } as const

export type ProxyName = keyof typeof kinds
export const proxyNames: readonly ProxyName[] = ['nginx', 'haproxy']

const paths = (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin')

/** Whether the proxy is on this machine; Debian keeps them where users' PATH may not look. */
export const programOf = (name: ProxyName): string | undefined =>
  paths
    .map((path) => join(path, name))
    .find((file) => existsSync(file) && spawnSync(file, ['-v']).status === 0)

export interface ReverseProxy {
  readonly target: Target
  /** The requests it has logged so far, `METHOD TARGET`: each when its answer is complete. */
  readonly passed: () => readonly string[]
  /** What it complains of, for messages. */
  readonly complaints: () => string
}

const readIfThere = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')

/** Starts a proxy before the server on `upstream`, which must answer `GET /` with 200; it ends with the test. */
export const startProxy = async (name: ProxyName, upstream: number): Promise<ReverseProxy> => {
  const program = programOf(name)
  if (program === undefined) throw new Error(`${name} is not installed: apt-get install ${name}`)
  const folder = sharedFolder()
  const port = await freePort()
  const config = join(folder, 'proxy.conf')
  writeFileSync(config, kinds[name].config({ folder, port, upstream }))
  const [, ...args] = kinds[name].command(config)
  const output = join(folder, 'output.log')
  const child = spawn(program, args, { stdio: ['ignore', openSync(output, 'a'), openSync(output, 'a')] })
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await eventually(() => child.pid === undefined || !isAlive(child.pid), { within: 5000 })
  })
  const complaints = () => readIfThere(join(folder, 'errors.log')) + readIfThere(output)
  await eventually(async () => (await request({ port }, '/')).status === 200, {
    within: 10_000,
    what: () => `${name} to answer; it says:\n${complaints()}`,
  })
  const log = name === 'nginx' ? join(folder, 'access.log') : output
  return {
    target: { port },
    passed: () =>
      readIfThere(log)
        .split('\n')
        .filter((line) => /^[A-Z]+ \S/.test(line)),
    complaints,
  }
}
