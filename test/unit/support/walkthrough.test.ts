import { expect, test } from 'vitest'
import { walkthroughsOf } from '../../support/walkthrough.ts'

const block = (language: string, ...lines: string[]): string =>
  ['```', language, '\n', lines.join('\n'), '\n```\n'].join('')

test('a page is its sections with the files, the commands, the server and what is printed', () => {
  const page = [
    '# Title\n',
    block('sh', 'npm init -y'),
    '## One\nwords\n',
    block('js', '// app.mjs', 'export default 1'),
    block('sh', 'npx tsgunicorn app.mjs'),
    block('sh', 'curl a', 'curl b'),
    block('text', 'hello'),
    '## Words only\n',
  ].join('\n')
  expect(walkthroughsOf(page)).toEqual([
    { title: '', steps: [{ kind: 'lines', lines: ['npm init -y'] }] },
    {
      title: 'One',
      steps: [
        { kind: 'file', name: 'app.mjs', text: '// app.mjs\nexport default 1\n' },
        { kind: 'server', line: 'npx tsgunicorn app.mjs' },
        { kind: 'lines', lines: ['curl a', 'curl b'], prints: 'hello\n' },
      ],
    },
  ])
})

test('an output without a command, a server among other lines and an unnamed file are mistakes of the page', () => {
  expect(() => walkthroughsOf(block('text', 'hello'))).toThrow('nothing is given that could print')
  expect(() => walkthroughsOf(block('sh', 'cd x', 'npx tsgunicorn app.mjs'))).toThrow('a block of its own')
  expect(() => walkthroughsOf(block('js', 'export default 1'))).toThrow("a block of 'js'")
})
