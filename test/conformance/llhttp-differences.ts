import { METHODS } from 'node:http'
import type { Message } from './entry.ts'
import type { LlhttpMessage, LlhttpReading } from './llhttp.ts'
import type { AgreesFrom } from './llhttp-version.ts'
import type { Reading } from './read.ts'

export interface Disagreement {
  /** latin1. */
  readonly raw: string
  readonly ours: Reading
  readonly theirs: LlhttpReading
  /** Number of messages that both read alike before they part. */
  readonly common: number
  /** The message at that place, as each of them has it. */
  readonly message: Message | undefined
  readonly other: LlhttpMessage | undefined
}

export interface DifferenceClass {
  readonly name: string
  readonly stricter: 'ours' | 'llhttp' | 'neither'
  readonly rfc: string
  readonly why: string
  readonly agreesFrom?: AgreesFrom
  readonly applies: (disagreement: Disagreement) => boolean
}

type About = Pick<DifferenceClass, 'name' | 'rfc' | 'why' | 'agreesFrom'>

/** Refused by us for one of these reasons, where llhttp goes on. `if`: what else must be so. */
const weRefuse = (
  reasons: readonly string[],
  about: About,
  also: (disagreement: Disagreement) => boolean = () => true,
): DifferenceClass => ({
  ...about,
  stricter: 'ours',
  applies: (found) => found.message === undefined && reasons.includes(found.ours.reason) && also(found),
})

/** Refused by llhttp with one of these codes, where we go on. */
const theyRefuse = (
  codes: readonly string[],
  about: About,
  also: (disagreement: Disagreement) => boolean = () => true,
): DifferenceClass => ({
  ...about,
  stricter: 'llhttp',
  applies: (found) => found.other === undefined && codes.includes(found.theirs.refused ?? '') && also(found),
})

/** Whether CR and LF that are no whole empty lines stand before a request line, or at the very end. */
const strayLineEnds = ({ raw, other }: Disagreement): boolean =>
  other ? /((^|[^\r])\n|\r(?!\n))[\r\n]*[A-Z-]+ /.test(raw) : /(^|[^\r])\n$|\r$|^[\r\n]+$/.test(raw)

const twoSpaces = ({ raw }: Disagreement): boolean => / {2,}/.test(raw)

/** Whether the message before is an Upgrade: what came with it is lost in node, whatever it was. */
const behindUpgrade = ({ ours, common }: Disagreement): boolean => {
  const before = ours.outcomes[common - 1]
  return before !== undefined && 'upgrade' in before && before.upgrade
}

const stricterThanLlhttp: readonly DifferenceClass[] = [
  weRefuse(
    ['the method is malformed', 'a line does not end in CRLF', 'the request was cut short'],
    {
      name: 'stray line ends before a request line',
      rfc: '9112, 2.2',
      why: 'llhttp skips every CR and LF there; RFC 9112 allows a server to skip an empty line, which is CRLF',
    },
    strayLineEnds,
  ),
  weRefuse(['too many empty lines before the request line'], {
    name: 'many empty lines before a request line',
    rfc: '9112, 2.2',
    why: 'llhttp skips any number; we skip eight, so that nobody is kept busy with nothing',
  }),
  weRefuse(
    ['the request target is malformed', 'the version is missing or malformed'],
    {
      name: 'two spaces in the request line',
      rfc: '9112, 3',
      why: 'llhttp takes several spaces for one; the grammar has exactly one',
    },
    twoSpaces,
  ),
  weRefuse(
    ['the request target is malformed'],
    {
      name: 'fragment in the target',
      rfc: '9112, 3.2',
      why: 'llhttp gives the fragment to the application; no form of a target has one',
    },
    ({ other }) => other?.target.includes('#') === true,
  ),
  weRefuse(
    ['the version is missing or malformed', 'the request target is malformed'],
    {
      name: 'HTTP/0.9',
      rfc: '9112, 3',
      why: 'llhttp reads a request line without a version, and even fields behind it, as HTTP/0.9',
    },
    ({ other, theirs }) =>
      other === undefined
        ? theirs.refused === undefined || theirs.refused === 'cut'
        : other.version === '0.9',
  ),
  weRefuse(
    ['the version is not 1.0 or 1.1'],
    {
      name: 'versions 0.9 and 2.0',
      rfc: '9110, 15.6.6',
      why: 'llhttp knows these two beside 1.0 and 1.1 and reads them as if they were 1.x',
    },
    ({ other }) => other?.version === '0.9' || other?.version === '2.0',
  ),
  weRefuse(['the form of the request target does not fit the method'], {
    name: 'form of the target',
    rfc: '9112, 3.2',
    why: 'llhttp looks at the characters of a target, and not at which form goes with which method',
  }),
  weRefuse(['the Host field is malformed', 'there is more than one Host field'], {
    name: 'Host',
    rfc: '9112, 3.2',
    why: 'llhttp does not look into Host, and does not count it',
  }),
  weRefuse(['there is more than one Content-Type'], {
    name: 'two Content-Types',
    rfc: '9110, 5.3',
    why: 'llhttp does not count it; who reads the first and who reads the last see different bodies',
  }),
  weRefuse(['there is no Host field', 'the expectation is not 100-continue'], {
    name: 'behind a refused head',
    rfc: '9112, 3.2',
    why: 'node answers 400 or 417 by itself and serves what is pipelined behind it; we close (and node takes any Expect that holds 100-continue as a word)',
  }),
  weRefuse(['a CONNECT request announces a body'], {
    name: 'CONNECT with a body',
    rfc: '9110, 9.3.6',
    why: 'llhttp hands the connection over whatever length the request says; the content of CONNECT has no meaning',
  }),
  weRefuse(
    [
      'a transfer coding other than chunked',
      'the Transfer-Encoding is malformed',
      'the Transfer-Encoding does not end in one chunked',
    ],
    {
      name: 'codings before chunked',
      rfc: '9112, 6.1',
      why: 'llhttp wants chunked to be last and gives the application the data still coded; we answer 501, and 400 where the list is none',
    },
  ),
  weRefuse(['there is a Transfer-Encoding in a request of HTTP/1.0'], {
    name: 'Transfer-Encoding in 1.0',
    rfc: '9112, 6.1',
    why: 'llhttp reads it; the RFC has it taken as a faulty framing',
  }),
  weRefuse(['an extension of a chunk is malformed'], {
    name: 'chunk extensions',
    rfc: '9112, 7.1.1',
    why: 'llhttp takes extensions without a name, without a value, or with characters that are neither token nor quoted string',
  }),
  weRefuse(['there is a field in the trailer section that must not be there'], {
    name: 'forbidden trailer fields',
    rfc: '9110, 6.5.1',
    why: 'llhttp refuses Content-Length and Transfer-Encoding only',
  }),
  {
    name: 'our limits',
    stricter: 'ours',
    rfc: '9110, 15.5',
    why: 'the bounds of the policy: node has one for the whole head and one for chunk extensions',
    applies: ({ message, ours }) =>
      message === undefined && / longer than limit_| more .* limit_/.test(ours.reason),
  },
]

const tabbed =
  (name: string) =>
  ({ raw }: Disagreement): boolean =>
    new RegExp(`(^|\\n)${name}:[^\\r\\n]*\\t`, 'i').test(raw)

const stricterThanUs: readonly DifferenceClass[] = [
  theyRefuse(
    ['HPE_INVALID_METHOD'],
    {
      name: 'unknown methods',
      rfc: '9110, 9.1',
      why: 'llhttp has a list of methods; any other token is a method to us, and the application says 405 or 501',
    },
    ({ message }) => message !== undefined && !METHODS.includes(message.method),
  ),
  theyRefuse(
    ['HPE_INVALID_URL', 'HPE_INVALID_CONSTANT'],
    {
      name: 'characters of the target',
      rfc: '9112, 3.2',
      why: 'llhttp refuses obs-text in a target, and absolute URIs of some shapes; clients send it, applications decode it',
    },
    ({ message }) =>
      message !== undefined && (/[\x80-\xff]/.test(message.target) || !message.target.startsWith('/')),
  ),
  theyRefuse(
    ['HPE_INVALID_CONTENT_LENGTH', 'HPE_UNEXPECTED_CONTENT_LENGTH'],
    {
      name: 'tab around Content-Length',
      rfc: '9112, 5.1',
      why: 'llhttp takes spaces behind the number and no tabs; OWS is both',
      agreesFrom: '9.4',
    },
    tabbed('content-length'),
  ),
  theyRefuse(
    ['HPE_INVALID_TRANSFER_ENCODING'],
    {
      name: 'tab around Transfer-Encoding',
      rfc: '9112, 5.1',
      why: 'llhttp takes spaces behind the coding and no tabs; OWS is both',
    },
    tabbed('transfer-encoding'),
  ),
  theyRefuse(
    ['HPE_INVALID_CHUNK_SIZE', 'HPE_STRICT', 'HPE_CR_EXPECTED', 'HPE_LF_EXPECTED'],
    {
      name: 'white space in chunk extensions',
      rfc: '9112, 7.1.1',
      why: 'llhttp refuses the BWS around ; and = that the grammar has for bad old senders',
    },
    ({ raw }) => /[0-9a-f][ \t]*;|;[ \t]|[ \t]=|=[ \t]/i.test(raw),
  ),
  theyRefuse(
    ['HPE_CLOSED_CONNECTION'],
    {
      name: 'Proxy-Connection',
      rfc: '9110, 7.6.1',
      why: 'llhttp reads Proxy-Connection as Connection; it is a field without a meaning',
    },
    ({ raw }) => /(^|\n)proxy-connection:[^\r\n]*close/i.test(raw),
  ),
]

const neither: readonly DifferenceClass[] = [
  {
    name: 'bytes behind an Upgrade that nobody takes',
    stricter: 'neither',
    rfc: '9110, 7.8',
    why: 'node loses what came in one segment with it; we serve it',
    applies: (found) =>
      found.other === undefined && found.theirs.refused === undefined && behindUpgrade(found),
  },
  {
    name: 'close beside keep-alive in 1.0, or between tabs',
    stricter: 'ours',
    rfc: '9112, 9.3',
    why: 'llhttp finds close in a Connection list only between commas and spaces, and lets keep-alive of 1.0 win: it serves what is behind it',
    applies: ({ ours, other, common }) => {
      const before = ours.outcomes[common - 1]
      return (
        other !== undefined &&
        ours.outcomes.length === common &&
        before !== undefined &&
        'keepAlive' in before &&
        !before.keepAlive
      )
    },
  },
]

export const llhttpDifferences: readonly DifferenceClass[] = [
  ...stricterThanLlhttp,
  ...stricterThanUs,
  ...neither,
]

/** The class that explains it; undefined when none does. */
export const classOf = (disagreement: Disagreement): DifferenceClass | undefined =>
  llhttpDifferences.find(({ applies }) => applies(disagreement))
