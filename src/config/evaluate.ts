/**
 * Runs the text of a bundle and gives what it exports. The master does it to learn the settings, a worker to get its
 * hooks; neither reads the configuration file for it, and no build tool is needed.
 */

import { unlinkSync, writeFileSync } from 'node:fs'
import Module, { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { hasCode, messageOf, ServerError } from '../errors.ts'
import { isRecord } from '../util/is-record.ts'
import type { ConfigModule } from './bundle.ts'
import { rememberMap, sourcePlace, sourceStack, sourceWords } from './stack.ts'

/** Evaluates the module anew: nothing of it stays in Node's caches when it is CommonJS. Rejects with what it throws. */
export function evaluateModule(module: ConfigModule): Promise<unknown> {
  return module.format === 'cjs' ? evaluateCommonJs(module) : evaluateEsModule(module)
}

/** `_compile` has been there since the first Node and bundlers live on it, but Node's types leave it out. */
interface CompilingModule {
  filename: string
  paths: readonly string[]
  exports: unknown
  _compile(code: string, file: string): unknown
}

async function evaluateCommonJs({ code, file, map }: ConfigModule): Promise<unknown> {
  rememberMap({ name: file, file, map })
  const module = new Module(file)
  if (!canCompile(module)) throw new Error('this Node has no Module.prototype._compile')
  module.filename = file
  module.paths = createRequire(file).resolve.paths('x') ?? []
  module._compile(code, file)
  return module.exports
}

const canCompile = (module: unknown): module is CompilingModule =>
  isRecord(module) && typeof module['_compile'] === 'function'

/** There is no way to run an ES module from memory that can import packages: it needs a file for a moment. */
async function evaluateEsModule({ code, file, map }: ConfigModule): Promise<unknown> {
  const temporary = writeTemporary(dirname(file), code)
  rememberMap({ name: temporary, file, map })
  try {
    return await import(pathToFileURL(temporary).href)
  } finally {
    unlinkSync(temporary)
  }
}

/** Beside the configuration file, else (it is read-only, or not ours) with the temporary files. */
function writeTemporary(directory: string, code: string): string {
  const write = (place: string): string => {
    const path = join(place, `.gunicorn.conf.${process.pid}.${process.hrtime.bigint()}.mjs`)
    // 0600 and exclusive: the text may hold secrets, and nobody may put another file in its place.
    writeFileSync(path, code, { mode: 0o600, flag: 'wx' })
    return path
  }
  try {
    return write(directory)
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'ENOENT')) throw error
    return write(tmpdir())
  }
}

/** What Node says of a package that only `import` can load; such a file is bundled again as an ES module. */
export const needsImport = (thrown: unknown): boolean =>
  hasCode(thrown, 'ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE', 'ERR_PACKAGE_PATH_NOT_EXPORTED')

/** TSG_CONFIG_THREW, with the place and the stack in the file's own lines. */
export function configThrew(file: string, cause: unknown): ServerError {
  if (cause instanceof ServerError) return cause
  const place = sourcePlace(cause, file) ?? file
  // Node appends its require stack to "Cannot find module": only the first line is about the file.
  const [words] = sourceWords(messageOf(cause), file).split('\n')
  const hint = hasCode(cause, 'MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND')
    ? ' Install the package beside the configuration file.'
    : ''
  return new ServerError('TSG_CONFIG_THREW', `${place}: the configuration file threw: ${words}.${hint}`, {
    cause,
    detail: sourceStack(cause),
  })
}
