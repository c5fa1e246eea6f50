/**
 * The way to a file: every symbolic link that is passed, and the file at its end. Replacing any of them changes what
 * the path means: Kubernetes swaps `..data`, deployments swap `current`. It watches nothing.
 */
import { lstatSync, readlinkSync } from 'node:fs'
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path'
import { hasCode } from '../errors.ts'

/** As many links in a row as Linux follows before it says ELOOP. */
const mostLinks = 40

const lookAt = (path: string): 'link' | 'entry' | 'nothing' => {
  try {
    return lstatSync(path).isSymbolicLink() ? 'link' : 'entry'
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ENOTDIR', 'EACCES')) return 'nothing'
    throw thrown
  }
}

const follow = (link: string): string => {
  const target = readlinkSync(link)
  return isAbsolute(target) ? resolve(target) : resolve(dirname(link), target)
}

/**
 * Paths whose directory entries decide what `file` (absolute) is: the links on the way, and the file, or the first
 * part that does not exist. The directory of each exists.
 */
export const trailOf = (file: string): string[] => {
  const trail: string[] = []
  let path = file
  for (let links = 0; links <= mostLinks; links++) {
    const { root } = parse(path)
    const parts = path.slice(root.length).split(sep)
    let at = root
    let next: string | undefined
    for (const [index, part] of parts.entries()) {
      at = join(at, part)
      const found = lookAt(at)
      if (found === 'entry' && index < parts.length - 1) continue
      trail.push(at)
      if (found === 'link') next = join(follow(at), ...parts.slice(index + 1))
      break
    }
    if (next === undefined) break
    path = next
  }
  return trail
}
