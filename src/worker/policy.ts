/** From settings to what the HTTP engine is told. */
import type { Config } from '../config/config.ts'
import type { HttpPolicy } from '../http/policy.ts'

export const httpPolicy = (config: Config): HttpPolicy => ({
  keepAliveMs: config.keepalive * 1000,
  headersMs: config.header_timeout * 1000,
  bodyMs: config.body_timeout * 1000,
  bodyMinRate: config.body_min_rate,
  writeMs: config.write_timeout * 1000,
  limitRequestLine: config.limit_request_line,
  limitRequestFields: config.limit_request_fields,
  limitRequestFieldSize: config.limit_request_field_size,
  limitRequestHead: config.limit_request_head,
  limitRequestBody: config.limit_request_body,
  limitChunkLine: config.limit_chunk_line,
  limitChunkExtensions: config.limit_chunk_extensions,
  limitRequestTrailers: config.limit_request_trailers,
  limitPipelinedRequests: config.limit_pipelined_requests,
  requireHost: config.require_host,
  obsoleteFolding: config.permit_obsolete_folding,
  unconventionalMethod: config.permit_unconventional_http_method,
  unconventionalVersion: config.permit_unconventional_http_version,
  casefoldMethod: config.casefold_http_method,
  headerSpaces: config.strip_header_spaces,
  serverHeader: config.server_header,
  dateHeader: config.date_header,
  workerConnections: config.worker_connections,
  forwardedAllowIps: config.forwarded_allow_ips,
  secureSchemeHeaders: config.secure_scheme_headers,
  forwarderHeaders: config.forwarder_headers,
  headerMap: config.header_map,
})
