/** One request to one application over a fake exchange: what the stories about the fetch adapter are told with. */
import type { FetchApplication } from '../../../../src/app/application.ts'
import { createFetchAdapter, type FetchAdapter } from '../../../../src/http/fetch/adapter.ts'
import { LightResponse } from '../../../../src/http/fetch/response.ts'
import { FakeExchange, type FakeOptions } from './fake-exchange.ts'

/** The light class as an application sees it. */
export const Light = LightResponse as unknown as typeof Response

type Handler = (request: Request, ...context: never[]) => unknown

export interface Served {
  readonly adapter: FetchAdapter
  readonly exchange: FakeExchange
  readonly errors: { readonly error: unknown; readonly where: string }[]
}

export const appOf = (fetch: Handler, more: Partial<FetchApplication> = {}): FetchApplication => ({
  kind: 'fetch',
  shape: 'fetch function',
  fetch: fetch as FetchApplication['fetch'],
  ...more,
})

/** Gives the application a request; returns before the answer, if it takes time. */
export const ask = (
  fetch: Handler,
  options: FakeOptions = {},
  more: Partial<FetchApplication> = {},
): Served => {
  const errors: Served['errors'] = []
  const adapter = createFetchAdapter(appOf(fetch, more), {
    onError: (error, where) => errors.push({ error, where }),
  })
  const exchange = new FakeExchange(options)
  adapter.consumer(exchange)
  return { adapter, exchange, errors }
}

/** The same, when the exchange is over. */
export const answered = async (fetch: Handler, options: FakeOptions = {}): Promise<Served> => {
  const served = ask(fetch, options)
  await served.exchange.over
  return served
}
