/**
 * Reads and judges what the settings of TLS name, before anything is started with it. A fault found here stops a
 * start, or leaves a reload undone; found later it would meet clients.
 */
import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { cipherFault, contentFault, fault, type Named, readFault } from './faults.ts'
import type { Pair, TlsFiles, TlsMaterial } from './material.ts'
import { certificatesOf, isLocked, keyOf } from './pem.ts'

export interface Read {
  readonly material: TlsMaterial
  /** What works, and is worth a word: a certificate that is over, or not yet valid. */
  readonly warnings: readonly string[]
}

/** Bytes that node's ticket keys have. */
const ticketKeyBytes = 48

/**
 * Relative paths start from the working directory; `now` is in milliseconds of the wall clock.
 * Rejects with ServerError TSG_TLS, which names setting and file.
 */
export async function readTls(files: TlsFiles, now = Date.now()): Promise<Read> {
  const warnings: string[] = []
  const pair = files.certfile ? await readPair(files.certfile, files.keyfile, '', now, warnings) : undefined
  const names: Record<string, Pair> = {}
  for (const [name, { certfile, keyfile }] of Object.entries(files.sni_certs)) {
    names[name.toLowerCase()] = await readPair(certfile, keyfile, `sni_certs['${name}'].`, now, warnings)
  }
  const ca = files.ca_certs ? await readAuthorities(files.ca_certs) : undefined
  const ciphers = files.ciphers === undefined ? undefined : judgeCiphers(files.ciphers)
  const ticketKeys = randomBytes(ticketKeyBytes).toString('base64')
  return { material: { pair, names, ca, ciphers, ticketKeys }, warnings }
}

async function readPair(
  certfile: string,
  keyfile: string | undefined,
  prefix: string,
  now: number,
  warnings: string[],
): Promise<Pair> {
  const certificate: Named = { setting: `${prefix}certfile`, path: certfile }
  const text = await read(certificate)
  const [first] = parseAll(certificate, text)
  const own: Named = keyfile ? { setting: `${prefix}keyfile`, path: keyfile } : certificate
  const keyText = keyfile ? await read(own) : text
  const key = keyIn(own, keyText, keyfile === undefined)
  const pair = { cert: certificatesOf(text).join('\n'), key: key.text }
  if (first && !first.checkPrivateKey(key.object)) throw mismatch(certificate, own)
  try {
    createSecureContext(pair)
  } catch (error) {
    throw contentFault(certificate, error)
  }
  if (first) warnings.push(...timeWarnings(certificate, first, now))
  return pair
}

async function read(file: Named): Promise<string> {
  try {
    return await readFile(file.path, 'utf8')
  } catch (error) {
    throw readFault(file, error)
  }
}

/** Every certificate of a file, looked into: OpenSSL passes over what is broken behind the first. */
function parseAll(file: Named, text: string): readonly X509Certificate[] {
  const texts = certificatesOf(text)
  if (texts.length === 0)
    throw fault(file, "holds no certificate ('-----BEGIN CERTIFICATE-----'). Give it in the form PEM.")
  return texts.map((one, index) => {
    try {
      return new X509Certificate(one)
    } catch (error) {
      throw fault(
        file,
        `holds a certificate that cannot be read (number ${index + 1}). Is the file whole?`,
        error,
      )
    }
  })
}

function keyIn(file: Named, text: string, combined: boolean): { text: string; object: KeyObject } {
  const key = keyOf(text)
  if (key === undefined) {
    const remedy = combined ? 'Put it there, or give keyfile.' : 'Give it in the form PEM.'
    throw fault(file, `holds no private key ('-----BEGIN PRIVATE KEY-----'). ${remedy}`)
  }
  if (isLocked(key)) {
    throw fault(
      file,
      "is locked with a passphrase. Unlock it ('openssl pkey -in KEY -out NEW'), or give it with its passphrase in the hook ssl_context.",
    )
  }
  try {
    return { text: key, object: createPrivateKey(key) }
  } catch (error) {
    throw fault(file, 'holds a private key that cannot be read. Is the file whole?', error)
  }
}

const mismatch = (certificate: Named, key: Named) =>
  certificate.path === key.path
    ? fault(certificate, 'holds a certificate and the private key of another one.')
    : fault(
        key,
        `is not the key of the certificate in ${certificate.path}. Give the key that the certificate was made for.`,
      )

function timeWarnings(file: Named, certificate: X509Certificate, now: number): readonly string[] {
  const { validFrom, validTo } = certificate
  const tell = (words: string) => [`${file.setting}: the certificate in ${file.path} ${words}.`]
  if (Date.parse(validTo) <= now) return tell(`expired on ${validTo}: clients will refuse it`)
  return Date.parse(validFrom) > now ? tell(`is not valid before ${validFrom}`) : []
}

async function readAuthorities(path: string): Promise<string> {
  const file: Named = { setting: 'ca_certs', path }
  const text = await read(file)
  parseAll(file, text)
  return certificatesOf(text).join('\n')
}

/** OpenSSL keeps the suites of TLS 1.3 in a list of their own, and so does Gunicorn; node would leave 1.3 out. */
const suitesOf13 = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256'

function judgeCiphers(written: string): string {
  const ciphers = /(^|[:, ])TLS_/.test(written) ? written : `${written}:${suitesOf13}`
  try {
    // By themselves: what TLS 1.3 adds must not hide that nothing else is meant.
    createSecureContext({ ciphers: written })
    createSecureContext({ ciphers })
  } catch (error) {
    throw cipherFault(written, error)
  }
  return ciphers
}
