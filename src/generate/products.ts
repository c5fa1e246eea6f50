/** The generated files: where each stands, and the function that writes its text. */
import { configType } from './config-type.ts'

/** Path from the root of the project -> text. */
export const products: Readonly<Record<string, () => string>> = {
  'src/config/config.ts': configType,
}
