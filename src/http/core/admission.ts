/**
 * What the policy says about a head that the parser found in order: who the client is, which fields the application
 * may see. Pure but for the peer, which it is told. Judged once for each block of fields, not for each request.
 */
import {
  compileSecureHeaders,
  compileTrust,
  forwardedClient,
  type SecureHeaders,
  schemeOf,
  type Trust,
} from '../forwarded.ts'
import type { HeaderBlock } from '../h1/header-block.ts'
import { createUnderscoreJudge, type UnderscoreJudge } from '../judge.ts'
import type { HttpPolicy } from '../policy.ts'

/** A refusal's `reason` is for logs. */
export type Admitted = HeaderBlock | { readonly status: 400; readonly reason: string }

export const isRefused = (admitted: Admitted): admitted is Exclude<Admitted, HeaderBlock> =>
  'status' in admitted

export class Admission {
  readonly trust: Trust
  readonly #secure: SecureHeaders
  readonly #secureNames: readonly string[]
  readonly #underscores: UnderscoreJudge

  /** Throws ServerError when `forwardedAllowIps` cannot be read. */
  constructor(policy: HttpPolicy) {
    this.trust = compileTrust(policy.forwardedAllowIps)
    this.#secure = compileSecureHeaders(policy.secureSchemeHeaders)
    this.#secureNames = [...this.#secure.values.keys()]
    this.#underscores = createUnderscoreJudge(policy)
  }

  /** The fields the application may see. */
  admit(fields: HeaderBlock, trusted: () => boolean): Admitted {
    if (
      this.#schemesNamed(fields) > 1 &&
      trusted() &&
      schemeOf(fields.raw(), this.#secure) === 'contradictory'
    )
      return { status: 400, reason: 'the headers of secure_scheme_headers contradict each other' }
    if (!fields.facts.underscores) return fields
    const verdict = this.#underscores(fields.raw(), trusted)
    if (verdict.verdict === 'refuse') return { status: 400, reason: verdict.reason }
    return verdict.verdict === 'serve' ? fields : fields.without(verdict.names)
  }

  /** The scheme the client used; `own` is the connection's, `fields` are those that were sent. */
  scheme(fields: HeaderBlock, trusted: () => boolean, own: 'http' | 'https'): 'http' | 'https' {
    if (this.#schemesNamed(fields) === 0 || !trusted()) return own
    const named = schemeOf(fields.raw(), this.#secure)
    return named === undefined || named === 'contradictory' ? own : named
  }

  /** The client's address; `fields` are those that were sent. */
  client(fields: HeaderBlock, trusted: () => boolean, peer: string): string {
    const named = fields.find('x-forwarded-for') !== -1 || fields.find('forwarded') !== -1
    return named && trusted() ? forwardedClient(peer, fields.raw(), this.trust) : peer
  }

  #schemesNamed(fields: HeaderBlock): number {
    let count = 0
    for (const name of this.#secureNames) {
      const first = fields.find(name)
      if (first === -1) continue
      count += fields.find(name, first + 1) === -1 ? 1 : 2
    }
    return count
  }
}
