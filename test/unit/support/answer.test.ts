import fc from 'fast-check'
import { expect, test } from 'vitest'
import { takeAnswer } from '../../support/answer.ts'

const take = (text: string, ended = false) => takeAnswer(Buffer.from(text), ended)

test('an answer with a length is taken when its last byte is there', () => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello'
  expect(take(text)?.answer).toMatchObject({ status: 200, reason: 'OK', body: 'hello', closes: true })
  for (let end = 0; end < text.length; end++) expect(take(text.slice(0, end), true)).toBeUndefined()
})

test('chunks are joined, and a missing last chunk is not a whole answer', () => {
  const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n'
  expect(take(text)?.answer.body).toBe('hello!')
  expect(take(text.slice(0, -5), true)).toBeUndefined()
})

test('a body without a length is whole only when the server has closed', () => {
  const text = 'HTTP/1.1 200 OK\r\n\r\nhello'
  expect(take(text)).toBeUndefined()
  expect(take(text, true)?.answer).toMatchObject({ body: 'hello', closes: true })
})

test('interim answers are passed over', () => {
  const text = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'
  const taken = take(text)
  expect(taken?.answer.status).toBe(204)
  expect(taken?.end).toBe(text.length)
})

test('answers in a row are taken one by one, whatever their bodies hold', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (bodies) => {
      let bytes = Buffer.concat(
        bodies.map((body) =>
          Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
        ),
      )
      for (const body of bodies) {
        const taken = takeAnswer(bytes, false)
        expect(taken?.answer.body).toBe(Buffer.from(body).toString('utf8'))
        bytes = bytes.subarray(taken?.end ?? 0)
      }
      expect(bytes.length).toBe(0)
    }),
  )
})
