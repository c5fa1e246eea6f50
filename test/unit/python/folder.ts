/** A folder of its own for each test, and stand-ins of Python: shell scripts that answer as one. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach } from 'vitest'

/** A real one, and not a shim if it can be had. */
export const realPython = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

const there = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** What side processes run in tests: the Python half as it stands in the sources. */
export const sidePackage = there('../../../src/python/tsgunicorn_wsgi')

export interface Folder {
  readonly path: string
  at(name: string): string
  write(name: string, text?: string): string
  /** An executable script of the shell. */
  script(name: string, text: string): string
  /** A Python of this version; `executable` is what it says it is, itself unless said. */
  python(name: string, version?: string, executable?: string): string
}

export const useFolder = (): Folder => {
  let path = ''
  beforeEach(() => {
    path = realpathSync(mkdtempSync(join(tmpdir(), 'tsg-python-')))
  })
  afterEach(() => rmSync(path, { recursive: true, force: true }))
  const at = (name: string): string => join(path, name)
  const write = (name: string, text = ''): string => {
    mkdirSync(dirname(at(name)), { recursive: true })
    writeFileSync(at(name), text)
    return at(name)
  }
  const script = (name: string, text: string): string => {
    write(name, `#!/bin/sh\n${text}\n`)
    chmodSync(at(name), 0o755)
    return at(name)
  }
  return {
    get path() {
      return path
    },
    at,
    write,
    script,
    python: (name, version = '3.11.7', executable = at(name)) =>
      script(name, `printf '\\ntsgunicorn %s cpython %s' ${version} '${executable}'`),
  }
}
