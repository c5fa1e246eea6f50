/**
 * What settings demand of one another and of the platform: one table. A rule sees resolved values and says nothing
 * about where they came from.
 */

import type { Issue } from './validate.ts'
import { workerClassFault } from './worker-class.ts'

export interface Platform {
  /** As `process.platform`. */
  readonly os: string
  /** As `process.versions.node`. */
  readonly node: string
}

type Values = Readonly<Record<string, unknown>>

interface Rule {
  /** The setting the message is about. */
  readonly name: string
  readonly breaks: (values: Values, platform: Platform) => boolean
  /** The code of an error, or a warning. */
  readonly as: Issue['code'] | 'warning'
  readonly text: string | ((values: Values) => string)
}

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && value !== false && value !== 0

const classFault = (value: unknown): string | undefined =>
  typeof value === 'string' ? workerClassFault(value) : undefined

const hasEntries = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0

const rules: readonly Rule[] = [
  {
    name: 'reuse_port',
    breaks: ({ reuse_port }, { node }) => isSet(reuse_port) && !isAtLeast(node, [22, 12]),
    as: 'TSG_PLATFORM',
    text: 'reuse_port needs Node 22.12 or newer. Upgrade Node, or remove it: workers share one queue without it.',
  },
  {
    name: 'reuse_port',
    breaks: ({ reuse_port }, { os }) => isSet(reuse_port) && os !== 'linux',
    as: 'TSG_PLATFORM',
    text: 'reuse_port needs Linux, which spreads connections over sockets. Remove it.',
  },
  {
    name: 'keyfile',
    breaks: ({ keyfile, certfile }) => isSet(keyfile) && !isSet(certfile),
    as: 'TSG_SETTING_INVALID',
    text: 'keyfile is given without certfile. Give the certificate that belongs to the key.',
  },
  {
    name: 'sni_certs',
    breaks: ({ sni_certs, certfile, ssl_context }) =>
      hasEntries(sni_certs) && !isSet(certfile) && !isSet(ssl_context),
    as: 'TSG_SETTING_INVALID',
    text: 'sni_certs is given without certfile. Give the certificate for clients that name no server, or another one.',
  },
  {
    name: 'cert_reqs',
    // Without authorities of its own, node would accept a certificate of every public one.
    breaks: ({ cert_reqs, ca_certs, ssl_context }) =>
      isSet(cert_reqs) && !isSet(ca_certs) && !isSet(ssl_context),
    as: 'TSG_SETTING_INVALID',
    text: 'cert_reqs asks for certificates of clients, and there is no ca_certs to check them against. Give the authorities.',
  },
  {
    name: 'ca_certs',
    breaks: ({ cert_reqs, ca_certs, ssl_context }) =>
      isSet(ca_certs) && !isSet(cert_reqs) && !isSet(ssl_context),
    as: 'warning',
    text: 'ca_certs does nothing without cert_reqs: no client is asked for a certificate.',
  },
  ...['ciphers', 'cert_reqs', 'ca_certs'].map(
    (name): Rule => ({
      name,
      breaks: (values) =>
        isSet(values[name]) &&
        !isSet(values['certfile']) &&
        !hasEntries(values['sni_certs']) &&
        !isSet(values['ssl_context']),
      as: 'warning',
      text: `${name} does nothing without certfile: no TLS is spoken.`,
    }),
  ),
  {
    name: 'reload',
    breaks: ({ reload, preload_app }) => isSet(reload) && isSet(preload_app),
    as: 'warning',
    text: 'reload and preload_app are both on: every change loads a JavaScript application twice.',
  },
  {
    name: 'worker_class',
    // Of an application of another app_type the language is not known yet: whoever tells it asks workerClassFault.
    breaks: ({ app_type, worker_class }) => app_type === 'wsgi' && classFault(worker_class) !== undefined,
    as: 'TSG_SETTING_INVALID',
    text: ({ worker_class }) => classFault(worker_class) ?? '',
  },
  {
    name: 'logger_class',
    breaks: ({ logger_class }) => isSet(logger_class) && logger_class !== 'gunicorn.glogging.Logger',
    as: 'warning',
    text: "logger_class has no meaning here: the server's logs are not written by Python. logconfig and its kin are for what the application logs, error_log_format and access_log_format for the server's lines.",
  },
  {
    name: 'max_requests_jitter',
    breaks: ({ max_requests, max_requests_jitter }) => isSet(max_requests_jitter) && !isSet(max_requests),
    as: 'warning',
    text: 'max_requests_jitter does nothing without max_requests.',
  },
]

export interface RuleBreach {
  readonly name: string
  readonly as: Rule['as']
  readonly text: string
}

/** The rules that these values break, in the order of the table. */
export const brokenRules = (values: Values, platform: Platform): readonly RuleBreach[] =>
  rules
    .filter(({ breaks }) => breaks(values, platform))
    .map(({ name, as, text }) => ({ name, as, text: typeof text === 'function' ? text(values) : text }))

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
