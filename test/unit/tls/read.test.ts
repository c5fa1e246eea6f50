import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ServerError } from '../../../src/errors.ts'
import { readFault } from '../../../src/tls/faults.ts'
import type { TlsFiles } from '../../../src/tls/material.ts'
import { blocksOf, certificatesOf, isLocked, keyOf } from '../../../src/tls/pem.ts'
import { readTls } from '../../../src/tls/read.ts'
import { certificatePath as path, pem } from '../../support/certificates.ts'

const server: TlsFiles = {
  certfile: path('server.crt'),
  keyfile: path('server.key'),
  ca_certs: undefined,
  ciphers: undefined,
  sni_certs: {},
}

const read = (files: Partial<TlsFiles> = {}) => readTls({ ...server, ...files })

const fault = async (files: Partial<TlsFiles>): Promise<string> => {
  const error: unknown = await read(files).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ServerError)) throw new Error(`expected a ServerError, got ${String(error)}`)
  expect([error.code, error.exitStatus]).toEqual(['TSG_TLS', 1])
  return error.message
}

const file = (text: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'a.pem'), text)
  return join(folder, 'a.pem')
}

describe('what is read', () => {
  test('certificate and key, as texts that travel as JSON', async () => {
    const { material, warnings } = await read()
    expect(material.pair).toEqual({ cert: pem('server.crt').trim(), key: pem('server.key').trim() })
    expect(JSON.parse(JSON.stringify(material))).toEqual({ ...material, ca: undefined, ciphers: undefined })
    expect(warnings).toEqual([])
  })

  test('both from one file', async () => {
    const { material } = await read({ certfile: path('both.pem'), keyfile: undefined })
    expect(material.pair?.key).toBe(pem('server.key').trim())
    expect(material.pair?.cert).not.toContain('PRIVATE')
  })

  test('the whole chain behind a certificate, and all authorities of a file', async () => {
    const certfile = file(`words before\n${pem('server.crt')}${pem('ca.crt')}`)
    const { material } = await read({ certfile, ca_certs: file(pem('ca.crt') + pem('other-ca.crt')) })
    expect(certificatesOf(material.pair?.cert ?? '')).toHaveLength(2)
    expect(certificatesOf(material.ca ?? '')).toHaveLength(2)
  })

  test('certificates of names, by the name in small letters', async () => {
    const sni_certs = { 'Example.org': { certfile: path('example.crt'), keyfile: path('example.key') } }
    expect(Object.keys((await read({ sni_certs })).material.names)).toEqual(['example.org'])
  })

  test('ticket keys are new for every reading', async () => {
    const keys = [(await read()).material.ticketKeys, (await read()).material.ticketKeys]
    expect(new Set(keys).size).toBe(2)
    expect(Buffer.from(keys[0] ?? '', 'base64')).toHaveLength(48)
  })

  test('ciphers of TLS 1.2 leave those of 1.3 in force; a list that names some is taken as it is', async () => {
    expect((await read({ ciphers: 'ECDHE+AESGCM' })).material.ciphers).toMatch(/^ECDHE\+AESGCM:TLS_AES/)
    const { material } = await read({ ciphers: 'TLS_AES_256_GCM_SHA384' })
    expect(material.ciphers).toBe('TLS_AES_256_GCM_SHA384')
  })

  test('a certificate that is over, or not yet valid, is a warning', async () => {
    const { warnings } = await read({ certfile: path('expired.crt') })
    expect(warnings).toEqual([
      expect.stringMatching(/^certfile: the certificate in .*expired\.crt expired on /),
    ])
    const early = await readTls(server, 0)
    expect(early.warnings).toEqual([expect.stringMatching(/is not valid before /)])
  })
})

const cut = (name: string) => pem(name).replace(/\n[^-]{40}/, '\n')

describe('what is refused', () => {
  test.each<[string, () => Partial<TlsFiles>, RegExp]>([
    ['a missing file', () => ({ certfile: '/nowhere/a.crt' }), /^certfile: \/nowhere\/a.crt does not exist/],
    ['a missing key', () => ({ keyfile: '/nowhere/a.key' }), /^keyfile: \/nowhere\/a.key does not exist/],
    ['a directory', () => ({ keyfile: tmpdir() }), /^keyfile: .* is a directory/],
    ['no certificate in it', () => ({ certfile: path('server.key') }), /^certfile: .* holds no certificate/],
    ['no key in it', () => ({ keyfile: path('server.crt') }), /^keyfile: .* holds no private key/],
    ['no key anywhere', () => ({ keyfile: undefined }), /^certfile: .* holds no private key .* give keyfile/],
    [
      'the key of another',
      () => ({ keyfile: path('renewed.key') }),
      /^keyfile: .*renewed.key is not the key of .*server.crt/,
    ],
    ['a locked key', () => ({ keyfile: path('locked.key') }), /^keyfile: .* is locked with a passphrase/],
    [
      'half a certificate',
      () => ({ certfile: file(cut('server.crt')) }),
      /^certfile: .* cannot be read \(number 1\)/,
    ],
    [
      'half a key',
      () => ({ keyfile: file(cut('server.key')) }),
      /^keyfile: .* private key that cannot be read/,
    ],
    [
      'a broken chain',
      () => ({ certfile: file(pem('server.crt') + cut('ca.crt')) }),
      /^certfile: .* cannot be read \(number 2\)/,
    ],
    ['authorities that are none', () => ({ ca_certs: file('x') }), /^ca_certs: .* holds no certificate/],
    ['unknown ciphers', () => ({ ciphers: 'NOPE' }), /^ciphers: 'NOPE' names no cipher/],
    [
      "a name's wrong key",
      () => ({ sni_certs: { 'a.org': { certfile: path('example.crt'), keyfile: path('server.key') } } }),
      /^sni_certs\['a.org'\]\.keyfile: .* is not the key of/,
    ],
  ])('%s', async (_, files, words) => {
    expect(await fault(files())).toMatch(words)
  })

  test.each([
    ['EACCES', /^keyfile: \/a.key may not be read by this process/],
    ['EMFILE', /^keyfile: \/a.key cannot be read: EMFILE, says the system/],
  ])('a file that the system does not let us read: %s', (code, words) => {
    const error = Object.assign(new Error(`${code}, says the system`), { code })
    expect(readFault({ setting: 'keyfile', path: '/a.key' }, error).message).toMatch(words)
  })

  test('no message holds anything of a key', async () => {
    const secret = pem('renewed.key').split('\n')[1] ?? 'none'
    expect(await fault({ keyfile: path('renewed.key') })).not.toContain(secret.slice(0, 10))
  })
})

describe('PEM', () => {
  test('blocks are found among any text, in their order', () => {
    const noise = fc.string().filter((text) => !text.includes('-----'))
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, fc.constantFrom('CERTIFICATE', 'RSA PRIVATE KEY'))), (parts) => {
        const text = parts.map(
          ([words, label]) => `${words}\n-----BEGIN ${label}-----\nAA==\n-----END ${label}-----\n`,
        )
        expect(blocksOf(text.join('')).map(({ label }) => label)).toEqual(parts.map(([, label]) => label))
      }),
    )
  })

  test.each([
    ['-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA\n-----END ENCRYPTED PRIVATE KEY-----', true],
    ['-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nAA\n-----END RSA PRIVATE KEY-----', true],
    ['-----BEGIN EC PRIVATE KEY-----\nAA\n-----END EC PRIVATE KEY-----', false],
  ])('%j: locked is %s', (text, locked) => {
    expect(isLocked(keyOf(text) ?? '')).toBe(locked)
  })

  test('parameters before a key are no key', () => {
    expect(keyOf('-----BEGIN EC PARAMETERS-----\nAA\n-----END EC PARAMETERS-----')).toBeUndefined()
  })
})
