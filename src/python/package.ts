/** Where the Python package lies that workers, molds and side processes run: a folder with a `__main__.py`. */
import { fileURLToPath } from 'node:url'

export const pythonPackage = fileURLToPath(new URL('../python/tsgunicorn_wsgi', import.meta.url))
