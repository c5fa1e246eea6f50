/** Statuses and reason phrases as the Fetch standard allows them in a Response. Pure. */

/** 103 and 101 are not for a Response to have. */
export const hasNullBody = (status: number): boolean => status === 204 || status === 205 || status === 304

/** Throws RangeError for what is not 200 to 599. */
export const checkedStatus = (status: number): number => {
  const number = Math.trunc(Number(status))
  if (number >= 200 && number <= 599) return number
  throw new RangeError(
    `Response: ${JSON.stringify(status)} is not a status that it can have. Use 200 to 599.`,
  )
}

/** reason-phrase, RFC 9112, 4. */
const phrase = /^[\t\x20-\x7e\x80-\xff]*$/

/** Throws TypeError for what cannot stand in a status line. */
export const checkedText = (text: string): string => {
  const checked = String(text)
  if (phrase.test(checked)) return checked
  throw new TypeError(`Response: the statusText ${JSON.stringify(checked)} cannot be sent.`)
}
