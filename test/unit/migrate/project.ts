/** A folder in which a configuration of another server is translated, and what is read of the translation. */
import { expect } from 'vitest'
import { writeStarter } from '../../../src/cli/init.ts'
import { readGivenFile } from '../../../src/config/given-file.ts'
import { settings } from '../../../src/config/settings/index.ts'
import { translate } from '../../../src/migrate/translate.ts'
import type { Translation } from '../../../src/migrate/translation.ts'
import { useProject } from '../config/project.ts'

type Asked = Partial<Omit<Translation, 'directory'>>

interface MigrationProject {
  readonly directory: string
  write(files: Readonly<Record<string, string>>): void
  /** The text of gunicorn.conf.ts that is made of the file. */
  translated(from: string, asked?: Asked): Promise<string>
  /** Writes this text, and reads it as the loader does: the settings that it gives. It has to be without a fault. */
  given(text: string): Promise<Readonly<Record<string, unknown>>>
}

export function useMigration(): MigrationProject {
  const project = useProject()
  return {
    get directory() {
      return project.directory
    },
    write: (files) => project.write(files),
    translated: (from, asked = {}) =>
      translate({ from, directory: project.directory, env: { HOME: '/home/ann' }, ...asked }),
    async given(text) {
      const { directory } = project
      await writeStarter({ directory, force: true, text })
      const { judged } = await readGivenFile(project.path('gunicorn.conf.ts'), {
        table: settings,
        directory,
        env: {},
      })
      expect(judged).toMatchObject({ issues: [], warnings: [] })
      return judged.values
    },
  }
}

/** What stands behind `TODO: `, one text each. */
export const toDoOf = (text: string): readonly string[] =>
  text
    .split(/^(?= *\/\/ TODO: )/mu)
    .slice(1)
    .map((part) =>
      part
        .split('\n')
        .filter((line) => /^ *\/\//u.test(line))
        .map((line) => line.replace(/^ *\/\/ ?(?:TODO: )?/u, ''))
        .join(' '),
    )
