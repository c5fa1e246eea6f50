/**
 * The access log of one worker: a line for each exchange, with the operating system by the end of the event loop's
 * turn. Many workers write one file. It judges no exchange.
 */
import type { ExchangeRecord } from '../http/exchange.ts'
import { compileAccessFormat } from './access-format.ts'
import { accessJsonLine } from './access-json.ts'
import { BufferedLines } from './buffered-lines.ts'
import { LogFile, type Owner } from './file.ts'
import type { Syslog } from './syslog.ts'

export interface AccessLogOptions {
  /** A path, '-' for the standard output, or undefined for syslog alone. */
  readonly destination: string | undefined
  /** An `access_log_format`, or 'json'. */
  readonly format: string
  /** Each line also goes there. Opened by the caller, as the error log's. */
  readonly syslog?: Syslog
  readonly owner?: Owner
}

export interface AccessLog {
  /** Never throws. */
  readonly write: (record: ExchangeRecord) => void
  /** Goes on in a fresh file (after a rotation). Errors: TSG_LOG_UNWRITABLE; the log then stays where it was. */
  readonly reopen: () => void
  /** All lines so far are with the operating system when it returns. */
  readonly flush: () => void
  /** Lines are written when it returns; the promise is for the syslog daemon, half a second at most. */
  readonly close: () => Promise<void>
}

const STANDARD_OUTPUT = 1

/** Opens the access log. Errors: TSG_LOG_UNWRITABLE; TSG_SETTING_INVALID (format). */
export function createAccessLog({ destination, format, syslog, owner }: AccessLogOptions): AccessLog {
  const line = format === 'json' ? accessJsonLine : compileAccessFormat(format)
  const sink = destination === undefined ? undefined : openSink(destination, owner, format)
  return {
    write(record) {
      const text = line(record)
      sink?.write(text)
      syslog?.send('info', text.slice(0, -1))
    },
    reopen: () => sink?.reopen(),
    flush: () => sink?.flush(),
    async close() {
      sink?.close()
      await syslog?.close()
    },
  }
}

function openSink(destination: string, owner: Owner | undefined, format: string): BufferedLines {
  const file = new LogFile({
    destination: destination === '-' ? STANDARD_OUTPUT : destination,
    setting: 'accesslog',
    unblocked: true,
    ...(owner === undefined ? {} : { owner }),
  })
  return new BufferedLines(file, { note: format === 'json' ? lostJson : lostText })
}

const lostText = (lost: number): string =>
  `# ${lost} access log lines were lost: the log could not be written\n`
const lostJson = (lost: number): string =>
  `${JSON.stringify({ time: new Date().toISOString(), pid: process.pid, lost })}\n`
