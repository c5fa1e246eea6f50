/** From settings to what the HTTP engine is told. */
import type { Config } from '../config/config.ts'
import { defaultPolicy, type HttpPolicy } from '../http/policy.ts'

export const httpPolicy = (config: Config): HttpPolicy => ({
  ...defaultPolicy,
  keepAliveMs: config.keepalive * 1000,
  limitRequestLine: config.limit_request_line,
  limitRequestFields: config.limit_request_fields,
  limitRequestFieldSize: config.limit_request_field_size,
  workerConnections: config.worker_connections,
  forwardedAllowIps: config.forwarded_allow_ips,
  secureSchemeHeaders: config.secure_scheme_headers,
  forwarderHeaders: config.forwarder_headers,
  headerMap: config.header_map,
})
