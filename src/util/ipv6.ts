import { isIPv6 as isIPv6Text } from 'node:net'

/** As node:net's, which takes milliseconds for its first answer: most texts are no IPv6 address at first sight. */
export const isIPv6 = (text: string): boolean => text.includes(':') && isIPv6Text(text)
