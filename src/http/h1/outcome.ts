/** What a scan answers instead of a position: all bytes were read and more are needed, or `refusal` says why not. */
export const needsMore = -1
export const isRefused = -2
