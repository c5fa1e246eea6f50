/**
 * Loads an application in a process of its own, as a worker does, and asks it once: patches of net and cluster, and
 * the compiler, would leak into other tests.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { LoadOptions } from '../../../src/app/load.ts'

export const apps = fileURLToPath(new URL('../../fixtures/apps', import.meta.url))
const root = fileURLToPath(new URL('../../..', import.meta.url))

export interface Outcome {
  readonly kind?: string
  readonly shape?: string
  readonly status?: number
  readonly body?: string
  /** Whose Response the process has after the application is loaded. */
  readonly globals?: 'own' | 'light'
  /** What the program printed. */
  readonly printed: string
  readonly warnings: readonly string[]
  readonly error?: {
    readonly code: string
    readonly message: string
    readonly detail: string
    readonly exit: number
  }
}

export interface Loader {
  /** `upgrade` sends an upgrade request instead, and the body is what came back; `globals` gives `installGlobals`. */
  load(
    options: Partial<LoadOptions> & { spec: string; upgrade?: boolean; globals?: boolean },
  ): Promise<Outcome>
  close(): void
}

/** Compiles the loader once, beside a link to the packages that it imports. */
export const makeLoader = async (): Promise<Loader> => {
  const folder = mkdtempSync(join(tmpdir(), 'tsg-app-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  await build({
    entryPoints: [join(root, 'test/unit/app/child-main.ts')],
    outfile: join(folder, 'main.mjs'),
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  })
  return {
    load: (options) => run(join(folder, 'main.mjs'), { cwd: apps, type: 'auto', workerId: 3, ...options }),
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const run = (main: string, options: object): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      timeout: 15_000,
    })
    const texts = [1, 2, 3].map(() => '')
    child.stdio.slice(1).forEach((stream, index) => {
      stream?.on('data', (chunk: Buffer) => {
        texts[index] += chunk.toString()
      })
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      const [printed = '', errors, verdict] = texts
      if (verdict === '' || verdict === undefined)
        reject(new Error(`no verdict, code ${code}, signal ${signal}: ${errors}${printed}`))
      else resolve({ ...JSON.parse(verdict), printed: printed + errors })
    })
  })
