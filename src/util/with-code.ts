/** A message with the code of its error, as it is printed and logged: docs/errors.md explains the codes. */
export const withCode = (message: string, code: string | undefined): string =>
  code === undefined ? message : `${message} [${code}]`
