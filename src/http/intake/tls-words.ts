/** Why a handshake failed, in a few words for one line of a log. Pure: errors in, text out. */

/** OpenSSL's words (`reason`, by node's code) in those of whoever runs a server. */
const reasons: Readonly<Record<string, string>> = {
  ERR_SSL_NO_SHARED_CIPHER: 'the client offers no cipher that is allowed here',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the client speaks no TLS version that is allowed here',
  ERR_SSL_VERSION_TOO_LOW: 'the client speaks no TLS version that is allowed here',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'the client showed no certificate, and one is required',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'the client does not speak http/1.1 (ALPN)',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'no certificate here is of a kind that the client knows',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the client does not trust our certificate',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'the client refused our certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'the client refused our certificate',
}

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '')

/** A client that went, or whose network did: nothing is refused. */
export const isGone = (error: Error): boolean => ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(codeOf(error))

/** As `TLS handshake: the client does not trust our certificate`. */
export const handshakeWords = (error: Error): string => {
  const reason = 'reason' in error ? String(error.reason) : error.message
  return `TLS handshake: ${reasons[codeOf(error)] ?? reason}`
}

/** `code` is how node names what is wrong, as `CERT_HAS_EXPIRED`. */
export const unverifiedWords = (code: unknown): string =>
  `TLS handshake: the client's certificate is not accepted (${String(code)})`
