/** Every quickstart of docs/quickstart.md, word for word. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { follow, isLinked, wantedBy } from '../support/follow.ts'
import { repository } from '../support/machine.ts'
import { type Framework, pythonWith } from '../support/python.ts'
import { type Walkthrough, walkthroughsOf } from '../support/walkthrough.ts'

/** Installs everything by npm and pip, as a reader does: minutes, and a network. */
const really = process.env['TSGUNICORN_TEST_INSTALL'] === '1'

const page = readFileSync(join(repository, 'docs/quickstart.md'), 'utf8')
const [introduction, ...walkthroughs] = walkthroughsOf(page)

/** What makes the package is another test's; what each section begins with comes last. */
const before = introduction?.steps.slice(-1) ?? []

const curl = spawnSync('curl', ['--version']).status === 0

/** How it can be followed here, or why it cannot. */
const readerOf = async (walkthrough: Walkthrough): Promise<{ python?: string; missing?: string }> => {
  const { npm, pip } = wantedBy(walkthrough)
  const [framework] = pip
  const others = npm.filter((name) => !isLinked(name))
  if (!curl) return { missing: 'there is no curl' }
  if (really) return {}
  if (others.length > 0) return { missing: `TSGUNICORN_TEST_INSTALL=1 installs ${others.join(', ')}` }
  if (framework === undefined) return {}
  const [own] = await pythonWith(framework as Framework)
  return own ?? {}
}

const readers = await Promise.all(
  walkthroughs.map(async (walkthrough) => ({ ...walkthrough, ...(await readerOf(walkthrough)) })),
)

describe('the page', () => {
  test('begins each section with the package of this version', () => {
    expect(before).toEqual([
      { kind: 'lines', lines: ['npm init -y', expect.stringMatching(/^npm install /)] },
    ])
  })

  test('has a section for each framework', () => {
    expect(walkthroughs.length).toBeGreaterThanOrEqual(12)
  })
})

describe.each(readers)('$title', ({ steps, python, missing }) => {
  const why = missing === undefined ? '' : ` (skipped: ${missing})`
  test.skipIf(missing !== undefined)(
    `from an empty folder to an answered request${why}`,
    async () => {
      await follow([...before, ...steps], { really, ...(python === undefined ? {} : { python }) })
    },
    really ? 600_000 : undefined,
  )
})
