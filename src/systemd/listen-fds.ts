/**
 * Socket activation: sd_listen_fds(3). Pure: from environment variables to descriptors and their names; it opens
 * nothing.
 */

/** SD_LISTEN_FDS_START. */
export const firstDescriptor = 3

export interface ListenFd {
  readonly fd: number
  /** FileDescriptorName= of the socket unit; 'unknown' when it has none. */
  readonly name: string
}

/** Children must not take the descriptors for theirs. */
export const listenVariables = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'] as const

/** The descriptors meant for this process: LISTEN_PID says for whom they are. Nonsense is no descriptors. */
export const listenFds = (env: NodeJS.ProcessEnv, pid: number): readonly ListenFd[] => {
  if (env['LISTEN_PID'] !== String(pid) || !/^\d{1,4}$/.test(env['LISTEN_FDS'] ?? '')) return []
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':')
  return Array.from({ length: Number(env['LISTEN_FDS']) }, (_, index) => ({
    fd: firstDescriptor + index,
    name: names[index] || 'unknown',
  }))
}
