/** The kind of `sni_certs`: server names and the files of their certificates. It opens none of them. */
import { isRecord } from '../util/is-record.ts'
import { accepted, type Checked, type Kind, refused } from './setting.ts'

/** Where the certificate of a name is; without `keyfile` the first file holds the key, too. */
export interface CertificateFiles {
  readonly certfile: string
  readonly keyfile?: string
}

type Names = Readonly<Record<string, CertificateFiles>>

const allowed =
  "a mapping of server names to { certfile, keyfile }, as { 'example.org': { certfile: 'a.pem' } }"

/** Letters, digits, `-` and `_` in labels with dots between; international names in their ASCII form (`xn--`). */
const serverName = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i

const filesIn = (name: string, value: unknown): Checked<CertificateFiles> => {
  if (!serverName.test(name))
    return refused(
      `${allowed} ('${name}' is not a name: 'example.org', or '*.example.org' for one label before it)`,
    )
  const { certfile, keyfile, ...more } = isRecord(value) ? value : {}
  const [unknown] = Object.keys(more)
  if (unknown !== undefined) return refused(`${allowed} ('${unknown}' of '${name}' is neither)`)
  if (typeof certfile !== 'string' || certfile === '')
    return refused(`${allowed} ('${name}' has no certfile)`)
  if (keyfile === undefined || keyfile === null) return accepted({ certfile })
  return typeof keyfile === 'string' && keyfile !== ''
    ? accepted({ certfile, keyfile })
    : refused(`${allowed} (the keyfile of '${name}' is not text)`)
}

export const certificatesKind: Kind<Names> = {
  kind: 'certificates',
  type: 'Readonly<Record<string, { readonly certfile: string; readonly keyfile?: string }>>',
  schema: {
    type: 'object',
    additionalProperties: {
      type: 'object',
      properties: { certfile: { type: 'string' }, keyfile: { type: 'string' } },
      required: ['certfile'],
      additionalProperties: false,
    },
  },
  flag: 'value',
  parse: () => refused(`${allowed}, in the configuration file`),
  check: (value) => {
    if (!isRecord(value) || Array.isArray(value)) return refused(allowed)
    const names: Record<string, CertificateFiles> = {}
    for (const [name, written] of Object.entries(value)) {
      const files = filesIn(name, written)
      if (!files.ok) return files
      if (Object.hasOwn(names, name.toLowerCase())) return refused(`${allowed} ('${name}' is there twice)`)
      names[name.toLowerCase()] = files.value
    }
    return accepted(names)
  },
}
