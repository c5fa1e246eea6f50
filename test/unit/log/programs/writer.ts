/**
 * Writes COUNT lines to PATH by the access log, or by the error log, and exits at once. Told to 'rotate', it writes
 * until USR1 comes, opens its log anew, writes COUNT more, and prints how many there were.
 * Arguments: kind, path, name, count, rotate.
 */
import { createAccessLog } from '../../../../src/log/access.ts'
import { createLogger } from '../../../../src/log/logger.ts'
import { exchange } from '../helpers-plain.ts'

const [kind = '', path = '', name = '', count = '0', rotate] = process.argv.slice(2)
const filler = (at: number): string => 'x'.repeat((at * 37) % 300)

const access = (): { write: (at: number) => void; reopen: () => void } => {
  const log = createAccessLog({ destination: path, format: '%(U)s' })
  return {
    write: (at) => log.write(exchange({ target: `/${name}/${at}/${filler(at)}/end` })),
    reopen: log.reopen,
  }
}

const error = (): { write: (at: number) => void; reopen: () => void } => {
  const log = createLogger({ destination: path, level: 'info', format: 'text' })
  return { write: (at) => log.info(`/${name}/${at}/${filler(at)}/end`), reopen: log.reopen }
}

const log = kind === 'access' ? access() : error()
/** Bounds a test that never sends its signal. */
const most = 2_000_000
let until = rotate === undefined ? Number(count) : most
let at = 0
process.on('SIGUSR1', () => {
  log.reopen()
  until = at + Number(count)
})

const some = (): void => {
  for (let burst = 0; burst < 50 && at < until; burst += 1) log.write(at++)
  if (at < until) setImmediate(some)
  else {
    process.stdout.write(`${at}\n`)
    // An application that ends the process in the middle of things: nothing may be lost.
    process.exit(0)
  }
}
some()
