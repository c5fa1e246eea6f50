/** Fails to capture its output, and prints all the same. */
import { captureOutput } from '../../../../src/log/capture.ts'

try {
  captureOutput({ path: '/nonexistent/error.log' })
} catch (error) {
  console.log('code', error instanceof Error && 'code' in error ? error.code : 'none')
}
console.error('still here')
