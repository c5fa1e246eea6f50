/**
 * A unix datagram socket that listens, for tests: Node has none, so Python holds it. It tells each datagram with its
 * sender and what the descriptors that came along can do; it closes them.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

/** `fds`: for each descriptor that came along, the port it listens on, or -1. */
export interface Datagram {
  readonly text: string
  readonly pid: number
  readonly fds: readonly number[]
}

const program = `import array, json, os, socket, stat, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('\\0' + name[1:] if name.startswith('@') else name)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
print('"up"', flush=True)
def port(fd):
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        os.close(fd)
        return -1
    with socket.socket(fileno=fd) as one:
        return one.getsockname()[1] if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) else -1
for line in sys.stdin if len(sys.argv) > 2 else iter(int, 1):
    data, ancillary, _, _ = s.recvmsg(9000, 512)
    pid, fds = 0, []
    for _, kind, content in ancillary:
        if kind == socket.SCM_RIGHTS:
            fds = [port(fd) for fd in array.array('i', content[:len(content) - len(content) % 4])]
        elif kind == socket.SCM_CREDENTIALS:
            pid = array.array('i', content)[0]
    if b'BARRIER' not in data:
        print(json.dumps({'text': data.decode(), 'pid': pid, 'fds': fds}), flush=True)
`

export interface DatagramServer {
  readonly got: readonly Datagram[]
  /** Has one more datagram read, of a server that was opened with `reads: 'when told'`. */
  readonly read: () => void
  readonly close: () => Promise<void>
}

/** Listens at a path, or `@NAME`. Ends with the test. */
export const datagramServer = async (
  path: string,
  { python = 'python3', reads = 'always' }: { python?: string; reads?: 'always' | 'when told' } = {},
): Promise<DatagramServer> => {
  const args = reads === 'always' ? [path] : [path, reads]
  const child = spawn(python, ['-c', program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const got: Datagram[] = []
  const lines = createInterface({ input: child.stdout })
  const close = async () => {
    child.kill('SIGKILL')
    await gone
  }
  onTestFinished(close)
  await once(lines, 'line')
  lines.on('line', (line) => got.push(JSON.parse(line)))
  return { got, read: () => void child.stdin.write('\n'), close }
}
