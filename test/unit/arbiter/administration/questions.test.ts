/** Questions to workers: each ends, by an answer, by its deadline or by the worker's end. */
import { describe, expect, test } from 'vitest'
import { Questions } from '../../../../src/arbiter/administration/questions.ts'
import type { Child } from '../../../../src/arbiter/child.ts'
import type { Answer, ToWorker } from '../../../../src/ipc/messages.ts'

const LONG = 60_000

const worker = (age: number) => {
  const told: Extract<ToWorker, { type: 'ask' }>[] = []
  const child: Child = {
    pid: 100 + age,
    alive: true,
    kill: () => true,
    tell: (message) => void (message.type === 'ask' && told.push(message)),
  }
  return { member: { age, child }, told }
}

const none: Answer['answer'] = { what: 'requests', requests: [] }

describe('a question', () => {
  test('is told to the worker, and its answer to who asked', async () => {
    const questions = new Questions()
    const { member, told } = worker(1)
    const reply = questions.ask(member, { what: 'requests' }, LONG)
    const [{ id, question } = { id: 0, question: undefined }] = told
    expect(question).toEqual({ what: 'requests' })
    questions.answered(1, { type: 'answer', id, answer: none })
    expect(await reply).toEqual(none)
  })

  test('that is not answered ends by its deadline, and a late answer is dropped', async () => {
    const questions = new Questions()
    const { member, told } = worker(1)
    expect(await questions.ask(member, { what: 'stack' }, 1)).toEqual({ what: 'silent' })
    questions.answered(1, { type: 'answer', id: told[0]?.id ?? 0, answer: { what: 'stack', stacks: [] } })
  })

  test('ends with the worker that was asked, and with no other', async () => {
    const questions = new Questions()
    const [one, other] = [worker(1), worker(2)]
    const replies = [
      questions.ask(one.member, { what: 'stack' }, LONG),
      questions.ask(other.member, { what: 'requests' }, LONG),
    ]
    questions.ended(1)
    expect(await replies[0]).toEqual({ what: 'ended' })
    questions.answered(2, { type: 'answer', id: other.told[0]?.id ?? 0, answer: none })
    expect(await replies[1]).toEqual(none)
  })

  test('is answered by nobody else, and with nothing else', async () => {
    const questions = new Questions()
    const { member, told } = worker(1)
    const reply = questions.ask(member, { what: 'stack' }, LONG)
    const id = told[0]?.id ?? 0
    questions.answered(2, {
      type: 'answer',
      id,
      answer: { what: 'stack', stacks: [{ thread: 'x', text: 'lie' }] },
    })
    questions.answered(1, { type: 'answer', id, answer: none })
    questions.answered(1, { type: 'answer', id, answer: { what: 'failed', message: 'no' } })
    expect(await reply).toEqual({ what: 'failed', message: 'no' })
  })
})
