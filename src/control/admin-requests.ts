/** What the admin listener answers, and to whom. It knows no socket. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Administration } from './administration.ts'
import type { Log } from './execute.ts'
import { healthAnswer } from './health.ts'
import { prometheus } from './http.ts'
import { json, jsonBody, type Plain, sendPlain, text } from './plain.ts'

/** What is asked of the master here. */
export type AdminRequests = Pick<Administration, 'health' | 'metrics' | 'status'>

export interface AdminRequestOptions {
  readonly administration: AdminRequests
  readonly log: Log
  /** `admin_token`, as it is now. */
  readonly token: () => string | undefined
}

interface Resource {
  readonly secret: boolean
  readonly answer: (administration: AdminRequests, request: IncomingMessage) => Plain | Promise<Plain>
}

const resources: Readonly<Record<string, Resource>> = {
  '/livez': {
    secret: false,
    answer: (administration, { headers }) => healthAnswer(administration.health(), 'livez', headers.accept),
  },
  '/readyz': {
    secret: false,
    answer: (administration, { headers }) => healthAnswer(administration.health(), 'readyz', headers.accept),
  },
  '/metrics': {
    secret: true,
    answer: async (administration) => ({
      status: 200,
      type: prometheus,
      body: await administration.metrics(),
    }),
  },
  '/status': {
    secret: true,
    answer: async (administration) => ({
      status: 200,
      type: json,
      body: jsonBody(await administration.status()),
    }),
  },
}

type Denied = Plain & { readonly headers: Readonly<Record<string, string>> }

const denied = (status: number, words: string, headers: Readonly<Record<string, string>> = {}): Denied => ({
  status,
  type: text,
  body: `${words}\n`,
  headers,
})

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** In the same time, wherever the two differ and however long they are. */
export const isSame = (given: string, secret: string): boolean =>
  timingSafeEqual(hashOf(given), hashOf(secret))

const bearer = /^Bearer +(\S+) *$/i

/** Why this request may not have it; undefined when it may. */
const refusal = (authorization: string | undefined, token: string | undefined): Denied | undefined => {
  if (token === undefined || token === '')
    return denied(403, "Metrics and status need a token here: set 'admin_token', or ask the control socket.")
  const given = bearer.exec(authorization ?? '')?.[1]
  if (given !== undefined && isSame(given, token)) return undefined
  const words =
    given === undefined ? 'Send the header Authorization: Bearer TOKEN.' : 'The token is not the right one.'
  return denied(401, words, { 'WWW-Authenticate': 'Bearer realm="tsgunicorn"' })
}

const judge = (request: IncomingMessage, token: string | undefined): Denied | Resource => {
  const path = (request.url ?? '').split('?')[0] ?? ''
  const resource = Object.hasOwn(resources, path) ? resources[path] : undefined
  if (resource === undefined) return denied(404, `There is ${Object.keys(resources).join(', ')}.`)
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return denied(405, 'Nothing can be changed here: GET or HEAD.', { Allow: 'GET, HEAD' })
  return (resource.secret ? refusal(request.headers.authorization, token) : undefined) ?? resource
}

/** A listener for requests of node:http. */
export const adminHandler =
  ({ administration, log, token }: AdminRequestOptions) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const judged = judge(request, token())
    const answer = async () => {
      if ('status' in judged) sendPlain(response, judged, judged.headers)
      else sendPlain(response, await judged.answer(administration, request))
    }
    answer().catch((thrown: unknown) => {
      log.exception('The admin listener could not answer', thrown)
      if (response.headersSent) response.destroy()
      else sendPlain(response, denied(500, 'The server could not answer; its log says why.'))
    })
  }
