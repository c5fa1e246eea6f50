/**
 * Whether a descriptor leads to the journal: JOURNAL_STREAM of systemd.exec(5) names device and inode of the stream.
 * Lines may then carry their priority (sd-daemon(3)). Knows no log.
 */
import { fstatSync } from 'node:fs'
import { hasCode } from '../errors.ts'

export function isJournal(fd: number, env: NodeJS.ProcessEnv = process.env): boolean {
  const stream = env['JOURNAL_STREAM']
  if (!stream) return false
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true })
    return stream === `${dev}:${ino}`
  } catch (thrown) {
    if (hasCode(thrown, 'EBADF')) return false
    throw thrown
  }
}

/** Each line with the syslog severity (0 to 7) before it: journald takes it off again. Pure. */
export const withPriority = (severity: number, lines: string): string =>
  lines.replaceAll(/^(?=.)/gm, `<${severity}>`)
