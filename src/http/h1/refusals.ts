/**
 * Every reason to refuse a request, with its answer: one table, for the log and the documents. Fixed sentences
 * without a byte of the request, each object made once.
 */
import type { Refusal } from './events.ts'

const because = (status: Refusal['status'], reason: string): Refusal => ({ status, reason })

export const refusals = {
  emptyLines: because(400, 'too many empty lines before the request line'),
  lineEnd: because(400, 'a line does not end in CRLF'),
  method: because(400, 'the method is malformed'),
  target: because(400, 'the request target is malformed'),
  targetForm: because(400, 'the form of the request target does not fit the method'),
  version: because(400, 'the version is missing or malformed'),
  unsupportedVersion: because(505, 'the version is not 1.0 or 1.1'),
  lineLength: because(414, 'the request line is longer than limit_request_line'),
  headLength: because(431, 'the head is longer than limit_request_head'),
  fieldCount: because(431, 'there are more header fields than limit_request_fields'),
  fieldLength: because(431, 'a header field is longer than limit_request_field_size'),
  fieldName: because(400, 'the name of a header field is malformed'),
  nameSpace: because(400, 'there is white space between the name of a header field and its colon'),
  fieldValue: because(400, 'the value of a header field holds a control character'),
  leadingSpace: because(400, 'there is white space before the first header field'),
  folding: because(400, 'a header field is folded over several lines (obs-fold)'),
  host: because(400, 'the Host field is malformed'),
  hostTwice: because(400, 'there is more than one Host field'),
  hostMissing: because(400, 'there is no Host field'),
  contentTypeTwice: because(400, 'there is more than one Content-Type'),
  contentLength: because(400, 'the Content-Length is malformed'),
  contentLengthTwice: because(400, 'there is more than one Content-Length'),
  transferEncoding: because(400, 'the Transfer-Encoding is malformed'),
  chunkedNotLast: because(400, 'the Transfer-Encoding does not end in one chunked'),
  unsupportedCoding: because(501, 'a transfer coding other than chunked'),
  codingInOld: because(400, 'there is a Transfer-Encoding in a request of HTTP/1.0'),
  twoFramings: because(400, 'there is both a Transfer-Encoding and a Content-Length'),
  connectBody: because(400, 'a CONNECT request announces a body'),
  expectation: because(417, 'the expectation is not 100-continue'),
  bodyLength: because(413, 'the body is longer than limit_request_body'),
  chunkSize: because(400, 'the size of a chunk is malformed'),
  chunkSizeHuge: because(400, 'the size of a chunk is too large to be counted'),
  chunkExtension: because(400, 'an extension of a chunk is malformed'),
  chunkLine: because(400, 'the size line of a chunk is longer than limit_chunk_line'),
  chunkExtensions: because(413, 'the extensions of the chunks are longer than limit_chunk_extensions'),
  chunkEnd: because(400, 'the data of a chunk does not end in CRLF'),
  trailerLength: because(431, 'the trailer section is longer than limit_request_trailers'),
  trailerName: because(400, 'there is a field in the trailer section that must not be there'),
  cutShort: because(400, 'the request was cut short'),
} as const satisfies Record<string, Refusal>
