/** Whether a value is an object whose properties may be looked at; functions and `null` are not. */

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
