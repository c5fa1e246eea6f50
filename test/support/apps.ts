/** Sources of applications that tests serve. Each does one thing; the common one offers several paths. */

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

/** Both kinds of application, for tests of what neither may lose: each kind is served by an engine of its own. */
export const everyKind = [
  ['node', appOf],
  ['fetch', fetchAppOf],
] as const

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
