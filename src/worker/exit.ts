/** The one place where a worker ends by itself. */
export const exit = (code: number): never => process.exit(code)
