/** From an HTTP request's method and target to a command and its arguments, by the table of commands. Pure. */
import { type Command, commands } from './commands.ts'

export type Match =
  | {
      readonly found: 'command'
      readonly name: string
      readonly command: Command
      readonly args: Readonly<Record<string, unknown>>
      /** Of the route, as it stands in the table. */
      readonly path: string
    }
  | { readonly found: 'path'; readonly allow: string }
  | { readonly found: 'nothing' }

interface Row {
  readonly name: string
  readonly command: Command
  readonly method: string
  readonly path: string
  readonly segments: readonly string[]
}

const segmentsOf = (path: string): readonly string[] => path.split('/').filter((segment) => segment !== '')

const rows: readonly Row[] = [...commands].flatMap(([name, command]) =>
  command.routes.map(({ method, path }) => ({ name, command, method, path, segments: segmentsOf(path) })),
)

/** The paths there are, for hints. */
export const paths: readonly string[] = rows.map(({ path }) => path)

const fits = (segment: string, given: string | undefined): boolean =>
  given !== undefined && (segment === 'PID' ? /^\d{1,10}$/.test(given) : segment === given)

/** `target`: as in the request line, `/scale?to=4`. HEAD is GET without the answer's body. */
export const match = (method: string | undefined, target: string): Match => {
  const [path = '', ...query] = target.split('?')
  const given = segmentsOf(path)
  const there = rows.filter(
    ({ segments }) =>
      segments.length === given.length && segments.every((segment, index) => fits(segment, given[index])),
  )
  if (there.length === 0 || !path.startsWith('/')) return { found: 'nothing' }
  const row = there.find((one) => one.method === (method === 'HEAD' ? 'GET' : method))
  if (row === undefined) return { found: 'path', allow: there.map(allowed).join(', ') }
  const pid = row.segments.includes('PID') ? { pid: given[row.segments.indexOf('PID')] } : {}
  const args = { ...Object.fromEntries(new URLSearchParams(query.join('?'))), ...pid }
  return { found: 'command', name: row.name, command: row.command, args, path: row.path }
}

const allowed = ({ method }: Row): string => (method === 'GET' ? 'GET, HEAD' : method)
