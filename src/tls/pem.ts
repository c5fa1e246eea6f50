/** What stands in a PEM file (RFC 7468). Pure: text in, the labels and texts of its blocks out; it decrypts nothing. */

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

interface Block {
  /** As `CERTIFICATE`, `PRIVATE KEY`, `RSA PRIVATE KEY`. */
  readonly label: string
  readonly text: string
}

export const blocksOf = (pem: string): readonly Block[] =>
  [...pem.matchAll(block)].map(([text, label = '']) => ({ label, text }))

const isCertificate = ({ label }: Block): boolean => /^(X509 |TRUSTED )?CERTIFICATE$/.test(label)
const isKey = ({ label }: Block): boolean => label.endsWith('PRIVATE KEY')

/** The certificates, in their order: the server's own first, then its chain. */
export const certificatesOf = (pem: string): readonly string[] =>
  blocksOf(pem)
    .filter(isCertificate)
    .map(({ text }) => text)

/** The first private key. */
export const keyOf = (pem: string): string | undefined => blocksOf(pem).find(isKey)?.text

/** Whether a key can be read only with a passphrase: PKCS 8 says so in its label, older forms in their head. */
export const isLocked = (key: string): boolean =>
  key.startsWith('-----BEGIN ENCRYPTED') || /^Proc-Type: 4,ENCRYPTED/m.test(key)
