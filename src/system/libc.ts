/**
 * What Node's sockets cannot do and libc can: who is at the other end of a unix socket, datagrams to a path, with
 * descriptors along, and system calls by their number. It calls libc by koffi, which is loaded with the first question
 * (12 ms) and may be missing: an optional dependency, with builds for common platforms. Then every answer is "not to be
 * had", and callers have another way or say so. It knows no protocol.
 *
 * Structures and numbers: unix(7), cmsg(3), sendmsg(2), socket(7), and the headers of Linux (x86-64, arm64, riscv64
 * agree) and macOS.
 */
import { closeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { hasCode, messageOf } from '../errors.ts'

export interface PeerCredentials {
  /** Of who called connect(2); -1 where the system does not tell. */
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** `full`: the receiver does not keep up, nothing was sent. An error has the code of sendmsg(2), as `ENOENT`. */
export type Sending = 'sent' | 'full' | NodeJS.ErrnoException

export interface DatagramSocket {
  /**
   * Sends one datagram to the socket at `path` (`@NAME`: an abstract one) and never waits. `fds` go along as copies
   * (SCM_RIGHTS). Some 10 microseconds. Never throws.
   */
  send(path: string, bytes: Uint8Array, fds?: readonly number[]): Sending
  /** Twice is once. */
  close(): void
}

interface Numbers {
  readonly solSocket: number
  /** F_DUPFD_CLOEXEC */
  readonly duplicateCloseOnExec: number
  /** SOCK_DGRAM with SOCK_CLOEXEC where there is one: children get what they are given, and nothing else. */
  readonly datagram: number
  /** MSG_DONTWAIT, and MSG_NOSIGNAL where there is one. */
  readonly flags: number
  /** sockaddr_un begins with its length (BSD), or does not. */
  readonly hasLength: boolean
  readonly longestPath: number
  /** `size_t cmsg_len` on Linux, `socklen_t` on macOS; data begins behind the header, aligned. */
  readonly cmsg: { readonly wide: boolean; readonly header: number }
}

const platforms: Readonly<Record<string, Numbers>> = {
  linux: {
    solSocket: 1,
    duplicateCloseOnExec: 1030,
    datagram: 2 | 0o2000000,
    flags: 0x40 | 0x4000,
    hasLength: false,
    longestPath: 107,
    cmsg: { wide: true, header: 16 },
  },
  darwin: {
    solSocket: 0xffff,
    duplicateCloseOnExec: 67,
    datagram: 2,
    flags: 0x80,
    hasLength: true,
    longestPath: 103,
    cmsg: { wide: false, header: 12 },
  },
}

const architectures: ReadonlySet<string> = new Set(['x64', 'arm64', 'riscv64'])

const AF_UNIX = 1
const SCM_RIGHTS = 1
const SO_PEERCRED = 17
/** macOS, sys/un.h. */
const SOL_LOCAL = 0
const LOCAL_PEERPID = 2

type Call = (...values: readonly unknown[]) => number

interface Libc {
  readonly numbers: Numbers
  readonly socket: Call
  readonly sendto: Call
  readonly sendmsg: Call
  readonly getsockopt: Call
  readonly getpeereid: Call | undefined
  /** The error of the last call that failed, by its name. */
  readonly fcntl: Call
  readonly syscall: Call
  readonly lastCode: () => string
}

type Koffi = typeof import('koffi')

/** A text says why it cannot be had. */
let loaded: Libc | string | undefined

/** Whether its calls can be had here. */
export const hasLibc = (): boolean => libc() !== undefined

/** Loads it once; undefined where it cannot be had. */
function libc(): Libc | undefined {
  loaded ??= load()
  return typeof loaded === 'string' ? undefined : loaded
}

function load(): Libc | string {
  const numbers = platforms[process.platform]
  if (numbers === undefined || !architectures.has(process.arch))
    return `its calls are not known for ${process.platform} on ${process.arch}`
  try {
    return bind(createRequire(import.meta.url)('koffi') as Koffi, numbers)
  } catch (thrown) {
    if (hasCode(thrown, 'MODULE_NOT_FOUND')) return "the package 'koffi' is not installed"
    // Installed without a build that this system can load: no two systems have the same words for it.
    return `the package 'koffi' cannot be loaded: ${messageOf(thrown).split('\n')[0]}`
  }
}

/** Why `openDatagramSocket` has none to give; undefined when it has. It loads what is needed. */
export function whyNoDatagrams(): string | undefined {
  libc()
  return typeof loaded === 'string' ? loaded : undefined
}

function bind(koffi: Koffi, numbers: Numbers): Libc {
  // What the process itself is linked to: the name of libc differs between glibc and musl.
  const library = koffi.load(null)
  const vector = koffi.struct({ base: 'void *', length: 'size_t' })
  const message = koffi.struct({
    name: 'void *',
    nameLength: 'uint32_t',
    vectors: koffi.pointer(vector),
    count: numbers.hasLength ? 'int' : 'size_t',
    control: 'void *',
    controlLength: numbers.hasLength ? 'uint32_t' : 'size_t',
    flags: 'int',
  })
  const codes = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]))
  // ssize_t is written long: koffi knows no such name.
  return {
    numbers,
    socket: library.func('socket', 'int', ['int', 'int', 'int']),
    sendto: library.func('sendto', 'long', ['int', 'void *', 'size_t', 'int', 'void *', 'uint32_t']),
    sendmsg: library.func('sendmsg', 'long', ['int', koffi.pointer(message), 'int']),
    getsockopt: library.func('getsockopt', 'int', ['int', 'int', 'int', 'void *', 'void *']),
    getpeereid: numbers.hasLength
      ? library.func('getpeereid', 'int', ['int', 'void *', 'void *'])
      : undefined,
    fcntl: library.func('int fcntl(int fd, int command, ...)'),
    syscall: library.func('long syscall(long number, ...)'),
    lastCode: () => codes.get(koffi.errno()) ?? `errno ${koffi.errno()}`,
  }
}

/**
 * Who is at the other end of a connected unix socket, as the kernel wrote it down. Undefined where it cannot be asked:
 * no koffi, another kind of socket, another platform. Some 50 microseconds after the first.
 */
export function peerCredentials(fd: number): PeerCredentials | undefined {
  const calls = libc()
  if (calls === undefined) return undefined
  return calls.getpeereid ? peerOfBsd(calls, calls.getpeereid, fd) : peerOfLinux(calls, fd)
}

/** struct ucred: three ints; unix(7). A socket that is not a unix one has pid 0 and ids of nobody there. */
function peerOfLinux(calls: Libc, fd: number): PeerCredentials | undefined {
  const into = new Int32Array(3)
  const length = new Uint32Array([into.byteLength])
  if (calls.getsockopt(fd, calls.numbers.solSocket, SO_PEERCRED, into, length) !== 0) return undefined
  const [pid = 0, uid = -1, gid = -1] = into
  return pid > 0 ? { pid, uid: uid >>> 0, gid: gid >>> 0 } : undefined
}

function peerOfBsd(calls: Libc, getpeereid: Call, fd: number): PeerCredentials | undefined {
  const [uid, gid, pid] = [new Uint32Array(1), new Uint32Array(1), new Int32Array([-1])]
  if (getpeereid(fd, uid, gid) !== 0) return undefined
  calls.getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, pid, new Uint32Array([pid.byteLength]))
  return { pid: pid[0] ?? -1, uid: uid[0] ?? 0, gid: gid[0] ?? 0 }
}

/**
 * Another descriptor of what is open at `fd`, which no child inherits (fcntl(2), F_DUPFD_CLOEXEC); undefined where it cannot
 * be had. Its holder closes it.
 */
export function duplicate(fd: number): number | undefined {
  const calls = libc()
  const copy: unknown = calls?.fcntl(fd, calls.numbers.duplicateCloseOnExec, 'int', 3)
  return typeof copy === 'number' && copy >= 0 ? copy : undefined
}

/**
 * A system call of Linux that libc has no function for, with longs: what it gives, or in words why there is nothing
 * (`pidfd_open EPERM`; no koffi).
 */
export function systemCall(
  { name, number }: { readonly name: string; readonly number: number },
  ...values: readonly number[]
): number | string {
  const calls = libc()
  if (calls === undefined) return String(loaded)
  const outcome: unknown = calls.syscall(number, ...values.flatMap((value) => ['long', value]))
  return Number(outcome) < 0 ? `${name} ${calls.lastCode()}` : Number(outcome)
}

/** sched_setscheduler(2), where its number is another on x86-64 than on the newer ones; SCHED_OTHER and SCHED_IDLE of sched.h. */
const schedSetscheduler = { name: 'sched_setscheduler', number: process.arch === 'x64' ? 144 : 119 } as const
export const policies = { usual: 0, idle: 5 } as const

/** How the system schedules a thread, sched(7). Undefined when that is done, else in words why not. Linux only. */
export function setPolicy(thread: number, policy: keyof typeof policies): string | undefined {
  const calls = libc()
  if (calls === undefined) return String(loaded)
  // struct sched_param: a static priority, which neither has.
  const parameter = new Int32Array(1)
  const { name, number } = schedSetscheduler
  const outcome: unknown = calls.syscall(
    number,
    'long',
    thread,
    'long',
    policies[policy],
    'void *',
    parameter,
  )
  return Number(outcome) < 0 ? `${name} ${calls.lastCode()}` : undefined
}

/** A socket for datagrams to paths; undefined where none can be had. Throws what socket(2) says (EMFILE). */
export function openDatagramSocket(): DatagramSocket | undefined {
  const calls = libc()
  if (calls === undefined) return undefined
  const fd = calls.socket(AF_UNIX, calls.numbers.datagram, 0)
  if (fd < 0) throw failure('socket', calls.lastCode())
  return new LibcDatagrams(calls, fd)
}

/** What send(2) says when the receiver's queue, or the system's memory for it, is full. */
const fullness: ReadonlySet<string> = new Set(['EAGAIN', 'EWOULDBLOCK', 'ENOBUFS'])

/** A system error as Node's own are. */
const failure = (syscall: string, code: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${syscall} ${code}`), { code, syscall })

class LibcDatagrams implements DatagramSocket {
  readonly #calls: Libc
  readonly #fd: number
  readonly #addresses = new Map<string, Buffer>()
  #open = true

  constructor(calls: Libc, fd: number) {
    this.#calls = calls
    this.#fd = fd
  }

  send(path: string, bytes: Uint8Array, fds: readonly number[] = []): Sending {
    if (!this.#open) return failure('send', 'EBADF')
    const address = this.#addressOf(path)
    if (address === undefined) return failure('send', 'ENAMETOOLONG')
    const sent = fds.length === 0 ? this.#plain(address, bytes) : this.#withDescriptors(address, bytes, fds)
    if (sent >= 0) return 'sent'
    const code = this.#calls.lastCode()
    return fullness.has(code) ? 'full' : failure('send', code)
  }

  close(): void {
    if (this.#open) closeSync(this.#fd)
    this.#open = false
  }

  #plain(address: Buffer, bytes: Uint8Array): number {
    const { sendto, numbers } = this.#calls
    return sendto(this.#fd, bytes, bytes.length, numbers.flags, address, address.length)
  }

  #withDescriptors(address: Buffer, bytes: Uint8Array, fds: readonly number[]): number {
    const { sendmsg, numbers } = this.#calls
    const control = rightsMessage(fds, numbers)
    const message = {
      name: address,
      nameLength: address.length,
      vectors: [{ base: bytes, length: bytes.length }],
      count: 1,
      control,
      controlLength: control.length,
      flags: 0,
    }
    return sendmsg(this.#fd, message, numbers.flags)
  }

  #addressOf(path: string): Buffer | undefined {
    const known = this.#addresses.get(path)
    if (known !== undefined) return known
    const made = socketAddress(path, this.#calls.numbers)
    if (made !== undefined) this.#addresses.set(path, made)
    return made
  }
}

/** sockaddr_un, unix(7): a path with its NUL, or for `@NAME` a NUL and the name to the end. Undefined: too long. Pure. */
export function socketAddress(
  path: string,
  { hasLength, longestPath }: Pick<Numbers, 'hasLength' | 'longestPath'>,
): Buffer | undefined {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`)
  if (name.length > longestPath + 1) return undefined
  const head = Buffer.alloc(2)
  if (hasLength) head.set([name.length + 2, AF_UNIX])
  else head.writeUInt16LE(AF_UNIX)
  return Buffer.concat([head, name])
}

/** One control message with descriptors, cmsg(3). Pure. */
export function rightsMessage(
  fds: readonly number[],
  { cmsg, solSocket }: Pick<Numbers, 'cmsg' | 'solSocket'>,
): Buffer {
  const length = cmsg.header + 4 * fds.length
  const alignment = cmsg.wide ? 8 : 4
  const bytes = Buffer.alloc(Math.ceil(length / alignment) * alignment)
  // Little-endian: the upper half of a size_t is zero.
  bytes.writeUInt32LE(length)
  bytes.writeInt32LE(solSocket, cmsg.header - 8)
  bytes.writeInt32LE(SCM_RIGHTS, cmsg.header - 4)
  for (const [index, fd] of fds.entries()) bytes.writeInt32LE(fd, cmsg.header + 4 * index)
  return bytes
}
