/** Sources of applications that tests serve. Each does one thing; the common one offers several paths. */
import { plainPython } from './python.ts'

/** The interpreter of WSGI applications under test. */
export const { python, missing: noPython } = plainPython()

/**
 * `/` hello VERSION, `/pid`, `/slow?MS` answers late, `/hang` blocks the event loop, `/hold` never answers,
 * `/env?NAME`, `/cwd`, `/umask`, `/ids`, `/echo` (the body), `/exit?CODE`, `/grow?MB` keeps memory.
 */
export const appOf = (version = '1', top = ''): string => `
${top}
const kept = []
const announced = new Set(['/slow', '/hang', '/hold'])
const routes = {
  '/': (_q, _req, res) => res.end('hello ${version}'),
  '/pid': (_q, _req, res) => res.end(String(process.pid)),
  '/slow': (q, _req, res) => setTimeout(() => res.end('hello late ' + process.pid), Number(q)),
  '/hang': () => { blockForever() },
  '/hold': () => undefined,
  '/env': (q, _req, res) => res.end(String(process.env[q])),
  '/cwd': (_q, _req, res) => res.end(process.cwd()),
  '/umask': (_q, _req, res) => res.end(process.umask().toString(8)),
  '/ids': (_q, _req, res) => res.end(process.getuid() + ':' + process.getgid()),
  '/exit': (q) => process.exit(Number(q)),
  '/grow': (q, _req, res) => { kept.push(Buffer.alloc(Number(q) * 1048576, 1)); res.end('hello grown') },
  '/throw': () => { throw new Error('thrown by the handler') },
  '/echo': (_q, req, res) => { req.pipe(res) },
}
function blockForever() { while (true) { /* the point */ } }
export default function app(req, res) {
  const [path, query = ''] = req.url.split('?')
  const route = routes[path]
  // A sign for the test that the request is in the application's hands.
  if (announced.has(path)) console.log('seen ' + path)
  if (route) return route(query, req, res)
  res.statusCode = 404
  res.end('no such path')
}
`

/** The same for an application of the other kind, `export default { fetch }`. */
export const fetchAppOf = (version = '1', top = ''): string => `
${top}
const kept = []
const announced = new Set(['/slow', '/hang', '/hold'])
const text = (body) => new Response(body)
const routes = {
  '/': () => text('hello ${version}'),
  '/pid': () => text(String(process.pid)),
  '/slow': async (q) => {
    await new Promise((resolve) => setTimeout(resolve, Number(q)))
    return text('hello late ' + process.pid)
  },
  '/hang': () => { blockForever() },
  '/hold': () => new Promise(() => undefined),
  '/env': (q) => text(String(process.env[q])),
  '/cwd': () => text(process.cwd()),
  '/umask': () => text(process.umask().toString(8)),
  '/ids': () => text(process.getuid() + ':' + process.getgid()),
  '/exit': (q) => process.exit(Number(q)),
  '/grow': (q) => { kept.push(Buffer.alloc(Number(q) * 1048576, 1)); return text('hello grown') },
  '/throw': () => { throw new Error('thrown by the handler') },
  '/echo': (_q, request) => text(request.body),
}
function blockForever() { while (true) { /* the point */ } }
export default {
  fetch(request) {
    const { pathname, search } = new URL(request.url)
    if (announced.has(pathname)) console.log('seen ' + pathname)
    return routes[pathname]?.(search.slice(1), request) ?? new Response('no such path', { status: 404 })
  },
}
`

/** By this first line a source is known to be Python's (`app.py`). */
const pythonMark = '# Python'

export const isPythonApp = (source: string): boolean => source.startsWith(pythonMark)

/** The same for a WSGI application. What it prints comes out in the error log. */
export const wsgiAppOf = (version = '1', top = ''): string => `${pythonMark}
import os, time
${top}
kept = []
announced = {'/slow', '/hang', '/hold'}

def late(q):
    time.sleep(int(q) / 1000)
    return 'hello late ' + str(os.getpid())

def block_forever(q):
    while True:
        pass

def hold(q):
    while True:
        time.sleep(60)

def grow(q):
    kept.append(b'x' * (int(q) * 1048576))
    return 'hello grown'

def throw(q):
    raise RuntimeError('thrown by the handler')

def umask(q):
    now = os.umask(0)
    os.umask(now)
    return format(now, 'o')

routes = {
    '/': lambda q: 'hello ${version}',
    '/pid': lambda q: str(os.getpid()),
    '/slow': late,
    '/hang': block_forever,
    '/hold': hold,
    '/env': lambda q: os.environ.get(q, 'undefined'),
    '/cwd': lambda q: os.getcwd(),
    '/umask': umask,
    '/ids': lambda q: f'{os.getuid()}:{os.getgid()}',
    '/exit': lambda q: os._exit(int(q)),
    '/grow': grow,
    '/throw': throw,
}

def app(environ, start_response):
    path = environ['PATH_INFO']
    if path in announced:
        print('seen ' + path)
    headers = [('Content-Type', 'text/plain')]
    if path == '/echo':
        start_response('200 OK', headers)
        return iter(lambda: environ['wsgi.input'].read(65536), b'')
    route = routes.get(path)
    body = route(environ['QUERY_STRING']) if route else 'no such path'
    start_response('200 OK' if route else '404 Not Found', headers)
    return [body.encode()]
`

/**
 * All kinds of application, for tests of what none may lose: each kind is served by an engine of its own. Where there is
 * no Python the third is missing, and the tests of wsgi-life.test.ts say so.
 */
export const everyKind: readonly (readonly [name: string, appOf: typeof appOf])[] = [
  ['node', appOf],
  ['fetch', fetchAppOf],
  ...(noPython === undefined ? [['WSGI', wsgiAppOf] as const] : []),
]

export const helloApp = appOf()

/** Throws while it is loaded. */
export const throwingApp = `throw new Error('thrown while loading')\n`

/** Takes \`ms\` to load. */
export const slowBootApp = (version: string, ms: number): string =>
  appOf(version, `await new Promise((resolve) => setTimeout(resolve, ${ms}))`)

/** Never finishes loading: the event loop runs, the module does not end. */
export const endlessBootApp = appOf(
  'never',
  'setInterval(() => undefined, 1000); await new Promise(() => undefined)',
)
