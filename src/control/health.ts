/** What `/livez` and `/readyz` answer: pure, for control socket and admin listener alike. */
import type { Administration } from './administration.ts'
import { json, jsonBody, type Plain, text } from './plain.ts'
import { shapeVersion } from './status.ts'

export type Probe = 'livez' | 'readyz'

/** 200 or 503; a word, or JSON for who accepts that and no other type before it. */
export const healthAnswer = (
  { alive, ready, why }: ReturnType<Administration['health']>,
  probe: Probe,
  accept: string | undefined,
): Plain => {
  const ok = probe === 'livez' ? alive : ready
  const status = ok ? 200 : 503
  if (/^\s*application\/json\b/i.test(accept ?? ''))
    return { status, type: json, body: jsonBody({ version: shapeVersion, ok, alive, ready, why }) }
  return { status, type: text, body: ok ? 'ok\n' : `${why}\n` }
}
