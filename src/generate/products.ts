/** The generated files: where each stands, and the function that writes its text. */
import { ambientModule } from './ambient.ts'
import { clientDocument, clientPage } from './client.ts'
import { clientDefaults } from './client-defaults.ts'
import { configType } from './config-type.ts'
import { dependenciesDocument } from './dependencies.ts'
import { errorsDocument } from './errors-document.ts'
import { hooksTable } from './hooks-document.ts'
import { jsonSchema } from './json-schema.ts'
import { configurationPage, programPage } from './manual.ts'
import { settingsDocument } from './markdown.ts'
import { metricsDocument } from './metrics-document.ts'
import { migrationProducts } from './migration.ts'
import { filled } from './parts.ts'
import { recipeProducts } from './recipes.ts'
import { signalsDocument } from './signals-document.ts'
import { requestTimes, workerTimes } from './timeouts-document.ts'
import { versionModule } from './version.ts'

/** Path from the root of the project -> text. */
export const products: Readonly<Record<string, () => string>> = {
  'src/version.ts': versionModule,
  'src/client/defaults.ts': clientDefaults,
  'src/config/config.ts': configType,
  'src/config/ambient.ts': ambientModule,
  'schema/gunicorn.schema.json': jsonSchema,
  'man/tsgunicorn.8': programPage,
  'man/gunicorn.conf.5': configurationPage,
  'man/tsgunicornc.1': clientPage,
  'docs/settings.md': settingsDocument,
  'docs/errors.md': errorsDocument,
  'docs/signals.md': signalsDocument,
  'docs/tsgunicornc.md': clientDocument,
  'docs/metrics.md': metricsDocument,
  ...migrationProducts,
  'docs/hooks.md': filled('docs/hooks.md', { hooks: hooksTable }),
  'docs/timeouts.md': filled('docs/timeouts.md', { requests: requestTimes, workers: workerTimes }),
  ...recipeProducts,
  'docs/dependencies.md': dependenciesDocument,
}
