/** An exchange to log; apart from `helpers.ts`, for programs that run without vitest. */
import type { ExchangeRecord } from '../../../src/http/exchange.ts'

export const exchange = (
  over: Partial<ExchangeRecord> & { responseHeaders?: Record<string, string> } = {},
): ExchangeRecord => ({
  remoteAddress: '127.0.0.1',
  method: 'GET',
  target: '/',
  httpVersion: '1.1',
  scheme: 'http',
  status: 200,
  bodyBytes: 5,
  startedAt: Date.UTC(2026, 10, 21, 11, 23, 44),
  durationUs: 1500,
  completed: true,
  requestHeaders: ['Host', 'example.org', 'User-Agent', 'curl/8'],
  responseHeader: (name) => over.responseHeaders?.[name],
  ...over,
})
