/** Compares what was expected with what came, and says what differs in one line each. */
import { type Entry, isRefused, type Message, type Outcome } from './entry.ts'

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text)

const showMessage = (message: Partial<Message>): string =>
  `${message.method} ${short(JSON.stringify(message.target))} ${message.version} body ${short(JSON.stringify(message.body))}`

export const show = (outcome: Outcome | undefined): string => {
  if (outcome === undefined) return 'nothing'
  if (!isRefused(outcome)) return showMessage(outcome)
  return `${outcome.status}${outcome.within ? ` behind the head of ${outcome.within.method}` : ''}`
}

const fieldsOf = ['method', 'target', 'version', 'body', 'keepAlive', 'upgrade', 'expectContinue'] as const

const messageDiffers = (expected: Message, got: Message): string | undefined => {
  const field = fieldsOf.find((name) => expected[name] !== got[name])
  if (field)
    return `${field} is ${short(JSON.stringify(got[field]))}, not ${short(JSON.stringify(expected[field]))}`
  for (const list of ['headers', 'trailers'] as const) {
    const wanted = JSON.stringify(expected[list])
    if (wanted !== undefined && wanted !== JSON.stringify(got[list]))
      return `${list} are ${JSON.stringify(got[list])}, not ${wanted}`
  }
  return undefined
}

const outcomeDiffers = (expected: Outcome | undefined, got: Outcome | undefined): string | undefined => {
  if (expected === undefined || got === undefined || isRefused(expected) || isRefused(got)) {
    const [wanted, came] = [show(expected), show(got)]
    return wanted === came ? undefined : `came ${came}, expected ${wanted}`
  }
  return messageDiffers(expected, got)
}

/** What differs first, undefined when nothing does. */
export const firstDifference = (
  expected: readonly Outcome[],
  got: readonly Outcome[],
): string | undefined => {
  const length = Math.max(expected.length, got.length)
  for (let index = 0; index < length; index += 1) {
    const difference = outcomeDiffers(expected[index], got[index])
    if (difference) return length > 1 ? `message ${index + 1}: ${difference}` : difference
  }
  return undefined
}

export const nameOf = ({ topic, name, policy }: Entry): string => {
  const settings = Object.keys(policy).length === 0 ? '' : ` ${JSON.stringify(policy)}`
  return `${topic}: ${name}${settings}`
}
