/**
 * Where the Python package lies that workers, molds and side processes run: a folder with a `__main__.py`. By way of the
 * parent, because the build puts modules into chunks that stand in another folder of the same depth.
 */
import { fileURLToPath } from 'node:url'

export const pythonPackage = fileURLToPath(new URL('../python/tsgunicorn_wsgi', import.meta.url))
