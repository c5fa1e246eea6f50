/**
 * A file mapped into memory (mmap(2)), so that what is written there needs no system call and outlives the process. By
 * koffi, which is loaded when it is first asked for (10 ms, 3 MB) and may be missing: then there is no mapping.
 */
import { createRequire } from 'node:module'

/** PROT_READ | PROT_WRITE and MAP_SHARED, the same on Linux and macOS. */
const PROTECTION = 3
const SHARED = 1
/** MAP_FAILED, as an address. */
const FAILED = 2n ** 64n - 1n

const hasCalls = (): boolean =>
  (process.platform === 'linux' || process.platform === 'darwin') &&
  ['x64', 'arm64', 'riscv64', 'ppc64', 's390x'].includes(process.arch)

type Koffi = typeof import('koffi')

/**
 * The first `length` bytes of an open file, shared with everybody who has it, until the process ends; undefined where
 * that cannot be had. Whoever writes into a page that the file system has no room for is ended by SIGBUS: they must have
 * been written to before.
 */
export const mapFile = (fd: number, length: number): ArrayBuffer | undefined => {
  if (!hasCalls()) return undefined
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    // What the process itself is linked to: the name of libc differs between glibc and musl.
    const mmap = koffi
      .load(null)
      .func('void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)')
    const pointer: unknown = mmap(null, length, PROTECTION, SHARED, fd, 0)
    const address = koffi.address(pointer as Parameters<typeof koffi.address>[0])
    return address === 0n || address === FAILED ? undefined : koffi.view(pointer, length)
  } catch {
    // Not installed, without a build for this system, or not allowed (--permission): no two have the same words.
    return undefined
  }
}
