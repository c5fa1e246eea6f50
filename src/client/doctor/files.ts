/** Small files of the system, and the type of a look into the settings. */
import { readFileSync } from 'node:fs'
import { hasCode } from '../../errors.ts'

/** A setting's value; undefined when no server runs. */
export type Settings = (name: string) => unknown

/** A small file's text; null when it is not there or not for us. */
export const textIn = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES', 'EPERM', 'ENOTDIR', 'ESRCH')) return null
    throw error
  }
}
