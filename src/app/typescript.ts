/**
 * TypeScript for the application, by tsx, on every version of Node: Node's own stripping refuses enums, decorators
 * and imports without extension, so an application would run on one version and not on another.
 *
 * Loading it costs about 120 ms of a worker's start; JavaScript applications never pay it.
 */

import { dirname, join } from 'node:path'
import { readIfPresent } from './package-scope.ts'

/** Lets this process import and require TypeScript. `warn` is told when the compiler lacks what `entry` is set up for. */
export const enableTypeScript = async (entry: string, warn: (message: string) => void): Promise<void> => {
  const [esm, cjs] = await Promise.all([import('tsx/esm/api'), import('tsx/cjs/api')])
  // CommonJS first: the ES side asks whether it is there.
  cjs.register()
  esm.register()
  process.setSourceMapsEnabled(true)
  const config = nearestConfig(dirname(entry))
  if (config !== undefined && /"emitDecoratorMetadata"\s*:\s*true/u.test(config.text))
    warn(
      `${config.path} sets emitDecoratorMetadata, which tsx does not emit: dependency injection by type (NestJS, ` +
        'TypeORM) will find undefined. Compile the application (tsc, swc) and serve the JavaScript.',
    )
}

const nearestConfig = (folder: string): { readonly path: string; readonly text: string } | undefined => {
  const path = join(folder, 'tsconfig.json')
  const text = readIfPresent(path)
  if (text !== undefined) return { path, text }
  const parent = dirname(folder)
  return parent === folder ? undefined : nearestConfig(parent)
}
