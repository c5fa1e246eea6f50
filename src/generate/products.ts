/** The generated files: where each stands, and the function that writes its text. */
import { ambientModule } from './ambient.ts'
import { configType } from './config-type.ts'
import { jsonSchema } from './json-schema.ts'
import { configurationPage, programPage } from './manual.ts'
import { errorsDocument, settingsDocument, signalsDocument } from './markdown.ts'
import { metricsDocument } from './metrics-document.ts'
import { versionModule } from './version.ts'

/** Path from the root of the project -> text. */
export const products: Readonly<Record<string, () => string>> = {
  'src/version.ts': versionModule,
  'src/config/config.ts': configType,
  'src/config/ambient.ts': ambientModule,
  'schema/gunicorn.schema.json': jsonSchema,
  'man/tsgunicorn.8': programPage,
  'man/gunicorn.conf.5': configurationPage,
  'docs/settings.md': settingsDocument,
  'docs/errors.md': errorsDocument,
  'docs/signals.md': signalsDocument,
  'docs/metrics.md': metricsDocument,
}
