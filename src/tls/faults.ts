/** What can be wrong with certificates, keys and ciphers, in words that tell the setting, the file and the remedy. */
import { hasCode, messageOf, ServerError } from '../errors.ts'

/** A file that a setting names. `setting` is as `certfile`, or `sni_certs['example.org'].certfile`. */
export interface Named {
  readonly setting: string
  readonly path: string
}

/** A refusal: what is wrong, and what to do about it. */
export const fault = ({ setting, path }: Named, wrong: string, cause?: unknown): ServerError =>
  new ServerError('TSG_TLS', `${setting}: ${path} ${wrong}`, cause === undefined ? {} : { cause })

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist. Check the path; relative ones start from chdir.',
  ENOTDIR: 'does not exist. Check the path; relative ones start from chdir.',
  EACCES: 'may not be read by this process (permission denied). Let the user that starts the server read it.',
  EPERM: 'may not be read by this process (permission denied). Let the user that starts the server read it.',
  EISDIR: 'is a directory. Name the file in it.',
}

/** Why a file cannot be read. */
export const readFault = (file: Named, error: unknown): ServerError => {
  const code = Object.keys(unreadable).find((candidate) => hasCode(error, candidate))
  return fault(file, (code && unreadable[code]) ?? `cannot be read: ${messageOf(error)}.`, error)
}

/** OpenSSL's refusals, by node's code. */
const refusals: Readonly<Record<string, string>> = {
  ERR_OSSL_X509_KEY_VALUES_MISMATCH:
    'belongs to another key. Give the key that the certificate was made for.',
  ERR_SSL_EE_KEY_TOO_SMALL:
    'has a key that is too short to be allowed. Make a new one of at least 2048 bits.',
  ERR_SSL_CA_KEY_TOO_SMALL: 'has a key in its chain that is too short to be allowed.',
  ERR_SSL_CA_MD_TOO_WEAK: 'is signed in a way that is too weak to be allowed. Have it issued anew.',
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

/** Why OpenSSL does not take a file's content. */
export const contentFault = (file: Named, error: unknown): ServerError =>
  fault(file, refusals[codeOf(error)] ?? `cannot be used: ${reasonOf(error)}.`, error)

/** Why it does not take the ciphers. */
export const cipherFault = (ciphers: string, error: unknown): ServerError =>
  new ServerError(
    'TSG_TLS',
    codeOf(error) === 'ERR_SSL_NO_CIPHER_MATCH'
      ? `ciphers: '${ciphers}' names no cipher that this OpenSSL (${process.versions['openssl']}) has. 'openssl ciphers -v' lists them.`
      : `ciphers: '${ciphers}' cannot be used: ${reasonOf(error)}.`,
    { cause: error },
  )

/** OpenSSL's own short words. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && 'reason' in error ? String(error.reason) : messageOf(error)
