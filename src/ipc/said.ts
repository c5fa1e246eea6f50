/**
 * Whether what came on a worker's channel is what a worker says. The channel's other end is a descriptor in a process
 * that runs applications: one that writes to it by accident, or on purpose, must not be believed. Pure.
 */
import { isErrorCode } from '../errors.ts'
import { type Answer, mostSaid, type RequestSaid, type ToMaster } from './messages.ts'

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

const isShort = (value: unknown, most: number): boolean => typeof value === 'string' && value.length <= most
const isRecord = (value: unknown): value is Body => typeof value === 'object' && value !== null
const isListOf = (value: unknown, most: number, is: (item: Body) => boolean): boolean =>
  Array.isArray(value) && value.length <= most && value.every((item) => isRecord(item) && is(item))

const requestPhases = {
  waiting: true,
  running: true,
  responding: true,
} satisfies Readonly<Record<RequestSaid['phase'], true>>

const isRequest = ({ worker, method, path, ageMs, client, phase }: Body): boolean =>
  (worker === null || isWhole(worker)) &&
  isShort(method, mostSaid.words) &&
  isShort(path, mostSaid.path) &&
  Number.isFinite(ageMs) &&
  isShort(client, mostSaid.words) &&
  typeof phase === 'string' &&
  Object.hasOwn(requestPhases, phase)

const isStack = ({ thread, text }: Body): boolean =>
  isShort(thread, mostSaid.words) && isShort(text, mostSaid.text)
const isWritten = ({ note }: Body): boolean => note === null || isShort(note, mostSaid.words)

/** What a worker answers is shown to people and scripts: its shape is judged to the last field. */
const answers: { readonly [What in Answer['answer']['what']]: (answer: Body) => boolean } = {
  requests: ({ requests }) => isListOf(requests, mostSaid.requests, isRequest),
  stack: ({ stacks }) => isListOf(stacks, mostSaid.stacks, isStack),
  cpu: isWritten,
  heap: isWritten,
  failed: ({ message }) => isText(message),
}

const isAnswer = (answer: unknown): boolean => {
  if (!isRecord(answer) || typeof answer['what'] !== 'string') return false
  const what = answer['what']
  return Object.hasOwn(answers, what) && answers[what as Answer['answer']['what']](answer)
}

const judges: { readonly [Type in ToMaster['type']]: (body: Body) => boolean } = {
  hello: ({ age, token }) => isAbsentOr(isWhole, age) && isAbsentOr(isText, token),
  listened: ({ index, errno }) => isWhole(index) && isWhole(errno),
  ready: ({ shape, program }) => isText(shape) && isText(program),
  failed: ({ exit, message, code, detail }) =>
    isWhole(exit) && isText(message) && isAbsentOr(isErrorCode, code) && isAbsentOr(isText, detail),
  recycle: ({ reason }) => typeof reason === 'string' && Object.hasOwn(reasons, reason),
  overdue: ({ alone }) => typeof alone === 'boolean',
  forked: ({ age, pid, message }) => isWhole(age) && isWhole(pid) && isAbsentOr(isText, message),
  ended: ({ age, code, signal }) =>
    isWhole(age) && (code === null || isWhole(code)) && (signal === null || isText(signal)),
  answer: ({ id, answer }) => isWhole(id) && isAnswer(answer),
  adopted: ({ id, taken }) => isWhole(id) && typeof taken === 'boolean',
  listener: ({ index }) => isWhole(index),
}

const isType = (type: unknown): type is ToMaster['type'] =>
  typeof type === 'string' && Object.hasOwn(judges, type)

/** The message, or undefined for what is none. */
export function readSaid(body: unknown): ToMaster | undefined {
  if (typeof body !== 'object' || body === null || !('type' in body) || !isType(body.type)) return undefined
  return judges[body.type](body as unknown as Body) ? (body as ToMaster) : undefined
}
