import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { corpus } from '../../conformance/corpus.ts'
import { nameOf } from '../../conformance/differences.ts'
import { compare } from '../../conformance/differential.ts'
import { Llhttp } from '../../conformance/llhttp.ts'
import { classOf, type Disagreement, llhttpDifferences } from '../../conformance/llhttp-differences.ts'
import { stillDiffers } from '../../conformance/llhttp-version.ts'
import { mutations } from '../../conformance/mutations.ts'

const llhttp = new Llhttp()
afterAll(() => llhttp.close())

const met = new Map<string, string>()

const explain = ({ raw, ours, theirs, common, message, other }: Disagreement): string =>
  [
    `unexplained: ${JSON.stringify(raw.slice(0, 400))}`,
    `behind ${common} messages that both read alike`,
    `we ${message ? `serve ${message.method}` : `refuse: ${ours.reason}`}`,
    `llhttp ${other ? `serves ${other.method}` : `refuses: ${theirs.refused}`}`,
  ].join('; ')

/** What is left when every known class is taken away: undefined. */
const unexplained = async (raw: string): Promise<string | undefined> => {
  const found = await compare(llhttp, Buffer.from(raw, 'latin1'))
  if (!found) return undefined
  const known = classOf(found)
  if (known) met.set(known.name, raw)
  return known ? undefined : explain(found)
}

describe('beside llhttp', () => {
  test('every disagreement on the corpus is known', async () => {
    const wrong: string[] = []
    for (const entry of corpus) {
      const explained = await unexplained(entry.raw)
      if (explained) wrong.push(`${nameOf(entry)}: ${explained}`)
    }
    expect(wrong).toEqual([])
  })

  test('every class of the table is met by the corpus', () => {
    const due = llhttpDifferences.filter(({ agreesFrom }) => stillDiffers(agreesFrom))
    expect(due.map(({ name }) => name).filter((name) => !met.has(name))).toEqual([])
  })

  test('every disagreement on mutations of the corpus is known', { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(mutations, async (raw) => {
      const wrong = await unexplained(raw)
      if (wrong) throw new Error(wrong)
    })
    await fc.assert(property, {
      seed: Number(process.env['CONFORMANCE_SEED'] ?? 20_261),
      numRuns: Number(process.env['CONFORMANCE_RUNS'] ?? 20_000),
      interruptAfterTimeLimit: 30_000,
      markInterruptAsFailure: false,
    })
  })
})
