/** A directory with files in it, and loading the configuration that stands there. */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type ConfigRequest, loadConfig } from '../../../src/config/load.ts'
import { ServerError } from '../../../src/errors.ts'
import { table } from './table.ts'

export interface Project {
  readonly directory: string
  write(files: Readonly<Record<string, string>>): void
  path(name: string): string
  /** Loads with the table of the tests; an application is not needed unless the request says so. */
  load(request?: Partial<ConfigRequest>): Promise<Loaded>
  /** The error that loading ends with. */
  fault(request?: Partial<ConfigRequest>): Promise<ServerError>
}

export type Loaded = Omit<Awaited<ReturnType<typeof loadConfig>>, 'config'> & {
  readonly config: Readonly<Record<string, unknown>>
}

/** A fresh directory for each test; the working directory is restored after it. */
export function useProject(): Project {
  let directory = ''
  const before = process.cwd()
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'config-')))
  })
  afterEach(() => {
    process.chdir(before)
    rmSync(directory, { recursive: true, force: true })
  })
  const load = async (request: Partial<ConfigRequest> = {}): Promise<Loaded> => {
    const base = { directory, env: {}, commandLine: {}, commandVariable: {}, needsApp: false }
    const loaded = await loadConfig({ ...base, ...request }, table)
    return { ...loaded, config: { ...loaded.config } }
  }
  return {
    get directory() {
      return directory
    },
    write(files) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true })
        writeFileSync(join(directory, name), text)
      }
    },
    path: (name) => join(directory, name),
    load,
    async fault(request) {
      const thrown: unknown = await load(request).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (thrown instanceof ServerError) return thrown
      throw new Error('loading succeeded, or failed with something else', { cause: thrown })
    },
  }
}
