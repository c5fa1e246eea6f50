/** TLS, Gunicorn's names and meanings, and certificates for several names. */
import type { Config } from '../config.ts'
import type { HookSslContext, HookSslFactory } from '../hook-types.ts'
import { declare, type Setting } from '../setting.ts'
import { flag, hook, integer, optional, pathKind, text, textKind } from '../setting-kinds.ts'
import { certificatesKind } from '../setting-tls.ts'

export const title = 'SSL'

type MakeContext = (
  config: Config,
  default_ssl_context_factory: HookSslFactory,
) => HookSslContext | Promise<HookSslContext>

export const settings = {
  keyfile: optional(pathKind, {
    cli: ['--keyfile'],
    metavar: 'FILE',
    summary: 'The private key of the certificate, in the form PEM.',
    details: `Needed unless \`certfile\` holds the key, too. The master reads it, at the start and at every reload: only the user
that starts the server needs to be able to read it, not \`user\`. A key with a passphrase is refused; \`ssl_context\` can
give one.`,
  }),
  certfile: optional(pathKind, {
    cli: ['--certfile'],
    metavar: 'FILE',
    summary: 'The certificate, and behind it its chain, in the form PEM; with it, all listeners speak TLS.',
    details: `A renewed certificate is served after HUP: the master reads and judges certificate and key, and gives them to the new
workers. When the file is missing or broken, or the key is another's, a start ends with status 1, and a reload is not
done: the workers serve on with what they have. A certificate that is over is served, with a warning. TLS 1.2 and 1.3 are
spoken, with HTTP/1.1 in them. Whoever sends plain HTTP is answered with 400.`,
    gunicorn: { differs: 'Read by the master for each load of the configuration, not for each connection.' },
  }),
  ssl_version: text({
    cli: ['--ssl-version'],
    metavar: 'STRING',
    default: 'TLS',
    summary: 'Nothing: the TLS versions spoken are 1.2 and 1.3.',
    details:
      "Deprecated in Gunicorn, which ignores it, too. `ssl_context` can choose versions: `{ ...factory(), minVersion: 'TLSv1.3' }`.",
    inert: true,
  }),
  cert_reqs: integer({
    cli: ['--cert-reqs'],
    metavar: 'INT',
    default: 0,
    maximum: 2,
    summary: 'Whether clients must show a certificate: 0 no, 1 if they have one, 2 yes.',
    details: `Checked against \`ca_certs\`, without which 1 and 2 are an error. A certificate that is not accepted ends the
connection, also with 1; with 2 so does none. One line of the log says why. A node-style application can look at it
with \`request.socket.getPeerCertificate()\`.`,
  }),
  ca_certs: optional(pathKind, {
    cli: ['--ca-certs'],
    metavar: 'FILE',
    summary: 'The authorities that client certificates are checked against, in the form PEM.',
    details: 'One file may hold several. Read as `certfile` is. It has no meaning while `cert_reqs` is 0.',
  }),
  suppress_ragged_eofs: flag({
    cli: ['--suppress-ragged-eofs'],
    default: true,
    summary: 'Nothing: a connection that ends without a TLS goodbye has ended.',
    details:
      'It cannot be had otherwise here, and need not be: a request that is cut short is known by its Content-Length or its chunks.',
    inert: true,
  }),
  do_handshake_on_connect: flag({
    cli: ['--do-handshake-on-connect'],
    default: false,
    summary: 'Nothing: the handshake is made when its first bytes arrive.',
    details:
      'It is a matter of blocking sockets; here no handshake makes another client wait. One that is not done in time is cut.',
    inert: true,
  }),
  ciphers: optional(textKind, {
    cli: ['--ciphers'],
    metavar: 'STRING',
    summary: 'The ciphers allowed, in the form OpenSSL reads.',
    details: `For example \`ECDHE+AESGCM\`. As with OpenSSL this is about TLS 1.2; 1.3 keeps its own, unless the list names some of
them (\`TLS_AES_256_GCM_SHA384\`), and with nothing else TLS 1.2 is off. Left out, they are Node's.`,
  }),
  ssl_context: hook<MakeContext>({
    parameters: ['config', 'default_ssl_context_factory'],
    returns: 'HookSslContext',
    summary: 'In the worker, before privileges are dropped: makes the TLS context.',
    details: `It returns options of Node's \`tls.createServer\`, or a context of \`tls.createSecureContext\`; the factory gives the
options that the settings lead to:

\`\`\`ts
ssl_context: (config, factory) => ({ ...factory(), minVersion: 'TLSv1.3' })
\`\`\`

With this hook TLS is spoken also without \`certfile\`. Throwing stops the start, or the reload. ALPN is always
\`http/1.1\`.`,
    gunicorn: {
      differs:
        'Returns the options of Node, may be async, is called once in each worker, and is enough for TLS without `certfile`.',
    },
  }),
  sni_certs: declare(certificatesKind, {
    default: {},
    defaultText: 'none',
    summary: 'Certificates by the server name that a client asks for (SNI).',
    details: `A mapping of names to \`{ certfile, keyfile }\`; without \`keyfile\`, \`certfile\` holds the key, too.
\`*.example.org\` stands for one label before the domain; a name of its own goes first. Clients that name no server, or
one that is not there, get \`certfile\`, which must be given. Read and judged as \`certfile\` is.

\`\`\`ts
sni_certs: {
  'example.org': { certfile: 'tls/example.pem' },
  '*.example.org': { certfile: 'tls/wild.crt', keyfile: 'tls/wild.key' },
}
\`\`\``,
    gunicorn: false,
  }),
} as const satisfies Record<string, Setting>
