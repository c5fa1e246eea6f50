/**
 * The times of log lines, in the local zone. Each is the text of one whole second, and is kept until the next
 * second: a busy worker formats a time once a second, not once a line.
 */

const two = (value: number): string => String(value).padStart(2, '0')
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `+0130`: how far local time is ahead of UTC at that moment. */
const zone = (at: Date): string => {
  const minutes = -at.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.trunc(size / 60))}${two(size % 60)}`
}

const clock = (at: Date): string => `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
const month = (at: Date): string => months[at.getMonth()] ?? ''

function perSecond(format: (at: Date) => string): (ms: number) => string {
  let second = Number.NaN
  let text = ''
  return (ms) => {
    const wanted = Math.floor(ms / 1000)
    if (wanted !== second) {
      second = wanted
      text = format(new Date(wanted * 1000))
    }
    return text
  }
}

/** `2026-11-21 12:08:02 +0000`, for wall-clock milliseconds. */
export const errorTime = perSecond(
  (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(at)} ${zone(at)}`,
)

/** `21/Nov/2026:11:23:44 +0000`, the common log format's. */
export const commonTime = perSecond(
  (at) => `${two(at.getDate())}/${month(at)}/${at.getFullYear()}:${clock(at)} ${zone(at)}`,
)

/** `Nov  1 11:23:44`, syslog's (RFC 3164, 4.1.2): the day is padded by a space. */
export const syslogTime = perSecond(
  (at) => `${month(at)} ${String(at.getDate()).padStart(2, ' ')} ${clock(at)}`,
)
