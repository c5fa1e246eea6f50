/**
 * Whether what came on a worker's channel is what a worker says. The channel's other end is a descriptor in a process
 * that runs applications: one that writes to it by accident, or on purpose, must not be believed. Pure.
 */
import type { ToMaster } from './messages.ts'

type Body = Readonly<Record<string, unknown>>

const isText = (value: unknown): boolean => typeof value === 'string'
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value)
const isAbsentOr = (is: (value: unknown) => boolean, value: unknown): boolean =>
  value === undefined || is(value)

const reasons = {
  max_requests: true,
  max_worker_memory: true,
  timeout: true,
  signal: true,
  hook: true,
} satisfies Readonly<Record<Extract<ToMaster, { type: 'recycle' }>['reason'], true>>

const judges: { readonly [Type in ToMaster['type']]: (body: Body) => boolean } = {
  hello: ({ age, token }) => isAbsentOr(isWhole, age) && isAbsentOr(isText, token),
  listened: ({ index, errno }) => isWhole(index) && isWhole(errno),
  ready: ({ shape, program }) => isText(shape) && isText(program),
  failed: ({ exit, message, detail }) => isWhole(exit) && isText(message) && isAbsentOr(isText, detail),
  recycle: ({ reason }) => typeof reason === 'string' && Object.hasOwn(reasons, reason),
  overdue: ({ alone }) => typeof alone === 'boolean',
  forked: ({ age, pid, message }) => isWhole(age) && isWhole(pid) && isAbsentOr(isText, message),
  ended: ({ age, code, signal }) =>
    isWhole(age) && (code === null || isWhole(code)) && (signal === null || isText(signal)),
  listener: ({ index }) => isWhole(index),
}

const isType = (type: unknown): type is ToMaster['type'] =>
  typeof type === 'string' && Object.hasOwn(judges, type)

/** The message, or undefined for what is none. */
export function readSaid(body: unknown): ToMaster | undefined {
  if (typeof body !== 'object' || body === null || !('type' in body) || !isType(body.type)) return undefined
  return judges[body.type](body as unknown as Body) ? (body as ToMaster) : undefined
}
