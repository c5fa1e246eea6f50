/**
 * What TLS needs from files, as texts: read once by the master for each generation and given to its workers. So all
 * of them show the same certificates, whatever becomes of the files meanwhile, and none needs the right to read them.
 * Types only.
 */

/** PEM texts: a certificate with its chain, and its private key. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

/** JSON-safe. */
export interface TlsMaterial {
  /** Undefined where the `ssl_context` hook brings the certificate. */
  readonly pair: Pair | undefined
  /** Server name (in small letters, perhaps with `*.`) -> certificate. */
  readonly names: Readonly<Record<string, Pair>>
  /** PEM text of the authorities that client certificates are checked against. */
  readonly ca: string | undefined
  /** In OpenSSL's form, those of TLS 1.3 included. */
  readonly ciphers: string | undefined
  /** 48 bytes in base64: a session that one worker has begun is resumed by the others. */
  readonly ticketKeys: string
}

/** Where the files are: paths as the configuration gives them. */
export interface TlsFiles {
  readonly certfile: string | undefined
  readonly keyfile: string | undefined
  readonly ca_certs: string | undefined
  readonly ciphers: string | undefined
  readonly sni_certs: Readonly<Record<string, { readonly certfile: string; readonly keyfile?: string }>>
}
