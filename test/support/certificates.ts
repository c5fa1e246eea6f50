/** The certificates of test/fixtures/tls: their paths and texts. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const certificatePath = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))

export const pem = (name: string): string => readFileSync(certificatePath(name), 'utf8')

/** Certificate and key, as node's options name them. */
export const pair = (name: string): { readonly cert: string; readonly key: string } => ({
  cert: pem(`${name}.crt`),
  key: pem(`${name}.key`),
})
