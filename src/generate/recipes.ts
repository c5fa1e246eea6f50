/** Writes `deploy/`: what the recipes write for its own example, and an index. */
import { exampleFacts, pythonExampleFacts } from '../recipes/facts.ts'
import { type RecipeName, recipeNames, recipes } from '../recipes/index.ts'
import { document, table } from './markdown.ts'
import { doNotEdit } from './words.ts'

/** `deploy/nginx.conf` stands there as it is named; what belongs into the project's folder lies there, too. */
const placeOf = (file: string, folder: string): string => `deploy/${folder}${file.replace(/^deploy\//, '')}`

/** Recipes that differ where the application is Python's. */
const pythonRecipes: readonly RecipeName[] = ['nginx', 'docker']

const filesOf = (
  name: RecipeName,
  facts = exampleFacts,
  folder = '',
): ReadonlyArray<[string, () => string]> =>
  Object.keys(recipes[name].files(facts)).map((file) => [
    placeOf(file, folder),
    () =>
      `# ${doNotEdit}\n# As 'tsgunicorn init ${name}' writes it.\n${recipes[name].files(facts)[file] ?? ''}`,
  ])

const index = (): string =>
  document([
    '# Deployment',
    `The files by which an application is run, as \`tsgunicorn init RECIPE\` writes them for the project at hand. These
here are for a project in \`/srv/app\` with the configuration [gunicorn.conf.ts](gunicorn.conf.ts); in \`python/\` is what
differs for a Django project. What each line is for, and what to look at before production:
[docs/deploy.md](../docs/deploy.md).`,
    table(
      ['recipe', 'for', 'files'],
      recipeNames.map((name) => [
        `\`tsgunicorn init ${name}\``,
        recipes[name].summary,
        filesOf(name)
          .map(([file]) => file.replace('deploy/', ''))
          .map((file) => `[${file}](${file})`)
          .join(' '),
      ]),
    ),
  ])

export const recipeProducts: Readonly<Record<string, () => string>> = Object.fromEntries([
  ['deploy/README.md', index],
  ...recipeNames.flatMap((name) => filesOf(name)),
  ...pythonRecipes.flatMap((name) => filesOf(name, pythonExampleFacts, 'python/')),
])
