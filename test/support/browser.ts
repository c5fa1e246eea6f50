/** A client that keeps cookies and fills in forms, as far as tests of web frameworks need one. */
import { ask, type Reply } from './http-client.ts'
import type { Target } from './raw-client.ts'

/** A file of a form. */
export interface Upload {
  readonly name: string
  readonly type: string
  readonly bytes: Buffer
}

export class Browser {
  readonly #target: Target
  readonly #cookies = new Map<string, string>()

  constructor(target: Target) {
    this.#target = target
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.#ask(path, { headers })
  }

  /** Sends a form's fields, as a browser does without files. */
  post(path: string, fields: Readonly<Record<string, string>>): Promise<Reply> {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    return this.#ask(path, {
      method: 'POST',
      headers,
      body: Buffer.from(new URLSearchParams(fields).toString()),
    })
  }

  /** Sends a form with files (RFC 7578). */
  upload(path: string, fields: Readonly<Record<string, string | Upload>>): Promise<Reply> {
    const boundary = `boundary${Math.random().toString(36).slice(2)}`
    const parts = Object.entries(fields).flatMap(([name, value]) => [
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${describe(value)}\r\n\r\n`,
      ),
      typeof value === 'string' ? Buffer.from(value) : value.bytes,
      Buffer.from('\r\n'),
    ])
    const headers = { 'Content-Type': `multipart/form-data; boundary=${boundary}` }
    const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)])
    return this.#ask(path, { method: 'POST', headers, body })
  }

  async #ask(path: string, asked: NonNullable<Parameters<typeof ask>[2]>): Promise<Reply> {
    const cookies = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...asked.headers, ...(cookies === '' ? {} : { Cookie: cookies }) }
    const reply = await ask(this.#target, path, { ...asked, headers })
    for (const line of reply.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';')
      this.#cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    return reply
  }
}

const describe = (value: string | Upload): string =>
  typeof value === 'string' ? '' : `; filename="${value.name}"\r\nContent-Type: ${value.type}`
