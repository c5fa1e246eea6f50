/** Every entry of the corpus. */
import type { Entry } from './entry.ts'
import { chunked } from './requests/chunked.ts'
import { connection } from './requests/connection.ts'
import { fields } from './requests/fields.ts'
import { framing } from './requests/framing.ts'
import { limits } from './requests/limits.ts'
import { requestLine } from './requests/request-line.ts'
import { target } from './requests/target.ts'

export const corpus: readonly Entry[] = [
  ...requestLine,
  ...target,
  ...fields,
  ...framing,
  ...chunked,
  ...connection,
  ...limits,
]
