/**
 * What pm2's `script` and `args` run, when it is a JavaScript application: also `node server.js` and `npm start`, whose
 * script is looked up in package.json. Everything else is told in words.
 */
import { readFileSync } from 'node:fs'
import { basename, extname, isAbsolute, join, resolve } from 'node:path'
import { hasCode } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'
import { shellWord } from './text.ts'

export type Pm2Command =
  | {
      readonly kind: 'file'
      /** As wsgi_app takes it. */
      readonly app: string
      readonly nodeOptions: readonly string[]
      readonly args: readonly string[]
    }
  /** `words` say what it is and what to do instead. */
  | { readonly kind: 'other'; readonly words: string }

type App = Readonly<Record<string, unknown>>

const scripts = /^\.(?:[cm]?[jt]s|jsx|tsx)$/u
const runners = new Set(['npm', 'pnpm', 'yarn', 'bun'])

export const pm2Command = (app: App, directory: string): Pm2Command => {
  const script = String(app['script'] ?? app['exec'])
  const args = wordsOf(app['args'])
  const interpreter = textOf(app['interpreter'] ?? app['exec_interpreter'])
  const [first = script, ...more] = isFile(script) ? [script] : wordsOf(script)
  const rest = [...more, ...args]
  if (basename(first) === 'gunicorn')
    return other(`its arguments are tsgunicorn's, too: tsgunicorn ${rest.map(shellWord).join(' ')}`.trim())
  const own = interpreter === undefined ? undefined : interpreterWords(interpreter, script)
  if (own !== undefined) return other(own)
  return understood(first, rest, resolve(directory, textOf(app['cwd']) ?? '.'))
}

/** pm2 splits at spaces, too, with quotes around what has some. */
export const wordsOf = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.map(String)
  const text = textOf(value) ?? ''
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/gu)].map(([, a, b, c]) => a ?? b ?? c ?? '')
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** A name with spaces in it is a command, unless it ends as a script does. */
const isFile = (script: string): boolean => !script.includes(' ') || /^\.{0,2}\/.*\.[cm]?[jt]s$/u.test(script)

const understood = (first: string, rest: readonly string[], folder: string): Pm2Command => {
  const name = basename(first)
  if (name === 'node') return ofNode(rest)
  if (runners.has(name)) return ofRunner(name, rest, folder)
  if (extname(first) === '.py') return other(pythonWords(first))
  if (name === 'next' || name === 'nuxt')
    return other(
      `${name} brings its own server. Build it as a standalone server, and name the file that starts it.`,
    )
  if (name === 'serve')
    return other('pm2 serve sends files. That is for nginx, or for middleware of the application.')
  const script = scripts.test(extname(first)) || (first.includes('/') && extname(first) === '')
  return script || /^[\w-]+$/u.test(first)
    ? { kind: 'file', app: relativeName(first), nodeOptions: [], args: rest }
    : other(`${first} is no JavaScript. Only servers of JavaScript and WSGI are run here.`)
}

const relativeName = (path: string): string =>
  isAbsolute(path) || /^\.{1,2}\//u.test(path) ? path : `./${path}`

const ofNode = (words: readonly string[]): Pm2Command => {
  const at = words.findIndex((word) => !word.startsWith('-'))
  const file = words[at]
  return file === undefined
    ? other('node is started without a file. Name the file that listens, or exports the application.')
    : { kind: 'file', app: relativeName(file), nodeOptions: words.slice(0, at), args: words.slice(at + 1) }
}

/** `npm start`, `npm run serve -- --port 3000`, `yarn serve`. */
const ofRunner = (runner: string, words: readonly string[], folder: string): Pm2Command => {
  const [first = '', ...more] = words.filter((word) => word !== 'run' && word !== 'run-script')
  const rest = more.filter((word) => word !== '--')
  const command = scriptOf(first, folder)
  if (command === undefined) return other(`package.json has no script '${first}' that ${runner} could run.`)
  const [program, ...args] = wordsOf(command)
  return program === 'node'
    ? ofNode([...args, ...rest])
    : other(
        `${runner} ${words.join(' ')} runs '${command}'. Name the file that listens, or exports the application, in its place.`,
      )
}

const scriptOf = (name: string, folder: string): string | undefined => {
  const manifest = manifestOf(folder)
  const all = isRecord(manifest) && isRecord(manifest['scripts']) ? manifest['scripts'] : {}
  return textOf(all[name])
}

const manifestOf = (folder: string): unknown => {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR') || error instanceof SyntaxError) return undefined
    throw error
  }
}

const pythonWords = (script: string): string =>
  `${script} is started as a program of its own. Name the WSGI application in it, as '${script
    .replace(/^\.\//u, '')
    .replace(/\.py$/u, '')
    .replaceAll('/', '.')}:app'; an ASGI application is not served.`

/** Undefined for Node, and what loads TypeScript for it. */
const interpreterWords = (interpreter: string, script: string): string | undefined => {
  const name = basename(interpreter)
  if (/^node(?:js)?(?:@.*)?$/u.test(name) || /^(?:tsx|ts-node|swc-node|babel-node)$/u.test(name))
    return undefined
  if (/^python/u.test(name)) return pythonWords(script)
  if (name === 'none' && scripts.test(extname(script))) return undefined
  return `${script} is run by ${interpreter}. Only servers of JavaScript on Node, and WSGI applications, are run here.`
}

const other = (words: string): Pm2Command => ({ kind: 'other', words })
