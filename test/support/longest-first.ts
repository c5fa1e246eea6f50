import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files of more than a minute, the longest first. */
const long = ['wsgi-life', 'wsgi-deaths', 'wsgi-hostile'].map((name) => `/${name}.test.ts`)

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = long.findIndex((end) => moduleId.endsWith(end))
  return rank === -1 ? long.length : rank
}

/** Begins with what takes longest: at the end it would run alone, and the second core would wait for it. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rankOf(one) - rankOf(other))
  }
}
