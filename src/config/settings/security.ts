/** Limits on what a request's head may be. */
import type { Setting } from '../setting.ts'
import { integer } from '../setting-kinds.ts'

export const title = 'Security'

export const settings = {
  limit_request_line: integer({
    cli: ['--limit-request-line'],
    metavar: 'INT',
    default: 4094,
    summary: 'The longest request line, in bytes; 0 = as long as the parser takes.',
    details: `The line holds the method, the target with its query, and the version. A longer one is answered 414. Raise it
for applications with very long query strings; values above 8190 count as 8190, as in Gunicorn.`,
    gunicorn: {
      differs: 'Counted with its CRLF, which Gunicorn leaves out; answered 414, where Gunicorn answers 400.',
    },
  }),
  limit_request_fields: integer({
    cli: ['--limit-request-fields'],
    metavar: 'INT',
    default: 100,
    summary: 'The most header fields of a request.',
    details: `More are answered 431. 0, and anything above 32768, count as 32768. Many fields cost little memory and much
time; few clients send more than 50.`,
  }),
  limit_request_field_size: integer({
    cli: ['--limit-request-field-size', '--limit-request-field_size'],
    metavar: 'INT',
    default: 8190,
    summary: 'The longest header field, name and value, in bytes; 0 = as long as the parser takes.',
    details: `A longer field is answered 431. Large cookies and tokens are what usually meets it. The flag is also
understood with Gunicorn's spelling, \`--limit-request-field_size\`.`,
    gunicorn: { differs: '0 lifts the limit; Gunicorn documents so and does not do it.' },
  }),
} as const satisfies Record<string, Setting>
