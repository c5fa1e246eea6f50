/**
 * Copies of another process's descriptors: pidfd_open(2) and pidfd_getfd(2) of Linux 5.6. The right to it is ptrace(2)'s:
 * the same user, and where Yama's ptrace_scope is 1 a process of our own; for one that has changed its user, root's
 * CAP_SYS_PTRACE.
 */
import { closeSync } from 'node:fs'
import { systemCall } from './libc.ts'

/** The same on all architectures that libc.ts knows. */
const PIDFD_OPEN = { name: 'pidfd_open', number: 434 } as const
const PIDFD_GETFD = { name: 'pidfd_getfd', number: 438 } as const

export interface Copied {
  /** Their descriptor -> ours, which no child inherits and whose holder closes it. */
  readonly copies: ReadonlyMap<number, number>
  /** Why there are no more of them. */
  readonly why?: string
}

/** Some microseconds each. What cannot be had any more (EMFILE) ends it; what is had by then is kept. Never throws. */
export function copyDescriptors(pid: number, fds: readonly number[]): Copied {
  const copies = new Map<number, number>()
  if (process.platform !== 'linux') return { copies, why: `no pidfd on ${process.platform}` }
  const pidfd = systemCall(PIDFD_OPEN, pid, 0)
  if (typeof pidfd === 'string') return { copies, why: pidfd }
  try {
    for (const fd of fds) {
      const copy = systemCall(PIDFD_GETFD, pidfd, fd, 0)
      if (typeof copy === 'number') copies.set(fd, copy)
      // It is closed there: the others may be open.
      else if (copy !== `${PIDFD_GETFD.name} EBADF`) return { copies, why: copy }
    }
    return { copies }
  } finally {
    closeSync(pidfd)
  }
}
