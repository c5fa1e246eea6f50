/** TLS, Gunicorn's names. All of it belongs to a later part. */
import type { Setting } from '../setting.ts'
import { anyKind, flag, integer, optional, pathKind, text, textKind } from '../setting-kinds.ts'

export const title = 'SSL'

export const settings = {
  keyfile: optional(pathKind, {
    cli: ['--keyfile'],
    metavar: 'FILE',
    summary: 'The private key of the certificate.',
    later: 'TLS',
  }),
  certfile: optional(pathKind, {
    cli: ['--certfile'],
    metavar: 'FILE',
    summary: 'The certificate and its chain.',
    later: 'TLS',
  }),
  ssl_version: text({
    cli: ['--ssl-version'],
    metavar: 'STRING',
    default: 'TLS',
    summary: 'The TLS versions spoken.',
    details: 'Deprecated: Gunicorn ignores it, and so will this server.',
    later: 'TLS',
  }),
  cert_reqs: integer({
    cli: ['--cert-reqs'],
    metavar: 'INT',
    default: 0,
    maximum: 2,
    summary: 'Whether clients must show a certificate: 0 no, 1 if they have one, 2 yes.',
    later: 'TLS',
  }),
  ca_certs: optional(pathKind, {
    cli: ['--ca-certs'],
    metavar: 'FILE',
    summary: 'The authorities that client certificates are checked against.',
    later: 'TLS',
  }),
  suppress_ragged_eofs: flag({
    cli: ['--suppress-ragged-eofs'],
    default: true,
    summary: 'Treat a connection that ends without a TLS goodbye as ended.',
    later: 'TLS',
  }),
  do_handshake_on_connect: flag({
    cli: ['--do-handshake-on-connect'],
    default: false,
    summary: 'Whether the TLS handshake is made on connecting.',
    later: 'TLS',
  }),
  ciphers: optional(textKind, {
    cli: ['--ciphers'],
    metavar: 'STRING',
    summary: 'The ciphers offered, in the form OpenSSL reads.',
    later: 'TLS',
  }),
  ssl_context: optional(anyKind, {
    summary: 'A hook that makes the TLS context.',
    later: 'TLS',
  }),
} as const satisfies Record<string, Setting>
