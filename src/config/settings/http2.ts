/** HTTP/2, Gunicorn's names. All of it belongs to a later part. */
import type { Setting } from '../setting.ts'
import { choice, commaList, integer } from '../setting-kinds.ts'

export const title = 'HTTP/2'

export const settings = {
  http_protocols: commaList({
    cli: ['--http-protocols'],
    metavar: 'STRING',
    default: ['h1'],
    summary: 'The versions of HTTP offered: h1, h2.',
    later: 'HTTP/2',
  }),
  http2_cleartext: choice({
    words: ['off', 'prior-knowledge', 'upgrade', 'both'],
    cli: ['--http2-cleartext'],
    metavar: 'STRING',
    default: 'off',
    summary: 'HTTP/2 without TLS.',
    later: 'HTTP/2',
  }),
  http2_max_concurrent_streams: integer({
    cli: ['--http2-max-concurrent-streams'],
    metavar: 'INT',
    default: 100,
    summary: 'The most streams of one connection at a time.',
    later: 'HTTP/2',
  }),
  http2_initial_window_size: integer({
    cli: ['--http2-initial-window-size'],
    metavar: 'INT',
    default: 65_535,
    summary: 'The first flow-control window of a stream, in bytes.',
    later: 'HTTP/2',
  }),
  http2_max_frame_size: integer({
    cli: ['--http2-max-frame-size'],
    metavar: 'INT',
    default: 16_384,
    minimum: 16_384,
    maximum: 16_777_215,
    summary: 'The longest frame accepted, in bytes.',
    later: 'HTTP/2',
  }),
  http2_max_header_list_size: integer({
    cli: ['--http2-max-header-list-size'],
    metavar: 'INT',
    default: 65_536,
    summary: 'The most bytes of headers of a request.',
    later: 'HTTP/2',
  }),
} as const satisfies Record<string, Setting>
