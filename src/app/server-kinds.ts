/**
 * Which of Node's servers a server is. By methods where a class would cost a worker's start: importing node:tls takes
 * 3 to 10 ms, and node:http2 exports no classes.
 */

import { Server as HttpServer } from 'node:http'
import { Server as NetServer } from 'node:net'

const isNetServer = (value: unknown): value is NetServer => value instanceof NetServer

/** A server of node:https or node:tls, or node:http2's secure one. */
export const isTls = (value: unknown): boolean => isNetServer(value) && 'setSecureContext' in value

const isHttp2 = (value: unknown): boolean => isNetServer(value) && 'updateSettings' in value

/** node:http's server, or node:http2's clear-text one: it can be fed connections as they are accepted. */
export const isPlainHttp = (value: unknown): value is HttpServer =>
  value instanceof HttpServer || (isHttp2(value) && !isTls(value))

/** Any server that answers HTTP requests. A bare TLS server cannot be told from node:https's, and is taken for one. */
export const isHttpServer = (value: unknown): value is NetServer => isPlainHttp(value) || isTls(value)
