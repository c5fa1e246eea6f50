import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { faultOfNetwork } from '../../../src/config/network.ts'
import {
  accountKind,
  anyKind,
  choice,
  choiceOrBare,
  commaList,
  flag,
  hook,
  list,
  mapping,
  matching,
  networkKind,
  optional,
  orWord,
  textKind,
} from '../../../src/config/setting-kinds.ts'
import { bytesKind, integerKind, octalKind, secondsKind } from '../../../src/config/setting-numbers.ts'

const ok = (value: unknown) => ({ ok: true, value })
const no = (allowed: unknown = expect.any(String)) => ({ ok: false, allowed })
/** Text that is not of the type at all. */
const unreadable = (allowed: unknown = expect.any(String)) => ({ ...no(allowed), unreadable: true })
const summary = 'A setting of this test.'

describe('numbers', () => {
  test('a whole number is read back from each way of writing it', () => {
    const natural = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(natural, fc.constantFrom(10, 16, 8, 2), (value, base) => {
        const prefix = { 10: '', 16: '0x', 8: '0o', 2: '0b' }[base] ?? ''
        const written = `${prefix}${value.toString(base)}`
        expect(integerKind().parse(written)).toEqual(ok(value))
        expect(integerKind().check(value)).toEqual(ok(value))
      }),
    )
  })

  test('text that is no number is never taken for one', () => {
    fc.assert(
      fc.property(fc.string(), (written) => {
        fc.pre(!/^\s*[+-]?[\d_.xXoObBa-fA-F]+\s*$/.test(written))
        expect(integerKind().parse(written)).toEqual(unreadable())
        expect(secondsKind.parse(written)).toEqual(unreadable())
      }),
    )
  })

  test('a number out of bounds is refused as a number', () => {
    fc.assert(
      fc.property(fc.integer({ max: -1 }), (value) => {
        for (const kind of [integerKind(), secondsKind, octalKind]) {
          expect(kind.parse(String(value))).toEqual(no())
        }
      }),
    )
    expect(integerKind().parse('-0x10')).toEqual(no())
    expect(integerKind().parse('-0')).toEqual(ok(0))
    expect(integerKind().parse('- 1')).toEqual(unreadable())
  })

  test('bounds are told in words', () => {
    expect(integerKind({ minimum: 1, maximum: 9 }).check(10)).toEqual(no('a whole number from 1 to 9'))
    expect(integerKind({ minimum: 1, maximum: 9 }).check(9)).toEqual(ok(9))
    expect(integerKind().check(-1)).toEqual(no('a whole number of 0 or more'))
  })

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], [-0.5], [true], [null], [[1]]])(
    '%s is neither a count, nor seconds, nor bytes',
    (value) => {
      for (const kind of [integerKind(), secondsKind, bytesKind, octalKind])
        expect(kind.check(value)).toEqual(no())
    },
  )

  test.each([
    ['1', 1],
    ['1K', 1024],
    ['1.5k', 1536],
    ['512M', 536_870_912],
    ['2G', 2_147_483_648],
    ['1 GiB', 1_073_741_824],
    ['1MB', 1_048_576],
  ])('a size of %s is %i bytes', (written, value) => {
    expect(bytesKind.parse(written)).toEqual(ok(value))
  })

  test('a mode written as in the shell is octal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0o777 }), (mode) => {
        expect(octalKind.parse(`0${mode.toString(8)}`)).toEqual(ok(mode))
      }),
    )
    expect(octalKind.parse('0888')).toEqual(unreadable())
  })
})

describe('networks', () => {
  test('an address is a network of itself, whatever its prefix covers', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6())
    fc.assert(
      fc.property(address, (text) => {
        expect(faultOfNetwork(text)).toBeUndefined()
      }),
    )
  })

  test('what Node takes for an address is one, and nothing else', () => {
    const near = fc.stringMatching(/^[\da-f:.]{1,20}$/)
    const groups = fc.array(fc.constantFrom('0', '1f', 'ffff', '', '10.0.0.1', '12345'), { maxLength: 9 })
    const text = fc.oneof(
      near,
      fc.ipV4(),
      fc.ipV6(),
      groups.map((list) => list.join(':')),
    )
    fc.assert(
      fc.property(text, (address) => {
        expect([address, faultOfNetwork(address) === undefined]).toEqual([address, isIP(address) !== 0])
      }),
      { numRuns: 2000 },
    )
  })

  test('bits beyond the prefix of an IPv6 network are a fault, however it is written', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 0, max: 128 }), (address, prefix) => {
        const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
        const left = head === '' ? [] : head.split(':')
        const right = tail === undefined || tail === '' ? [] : tail.split(':')
        const middle = tail === undefined ? [] : Array(8 - left.length - right.length).fill('0')
        const value = [...left, ...middle, ...right].reduce(
          (sum, group) => sum * 65_536n + BigInt(`0x${group}`),
          0n,
        )
        const beyond = value % 2n ** BigInt(128 - prefix)
        expect(faultOfNetwork(`${address}/${prefix}`) === undefined).toBe(beyond === 0n)
      }),
    )
  })

  test('bits beyond the prefix are a fault, and only those', () => {
    fc.assert(
      fc.property(fc.nat(0xff_ff_ff_ff), fc.integer({ min: 0, max: 32 }), (bits, prefix) => {
        const dotted = [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.')
        const beyond = prefix === 32 ? 0 : bits % 2 ** (32 - prefix)
        expect(faultOfNetwork(`${dotted}/${prefix}`) === undefined).toBe(beyond === 0)
      }),
    )
  })

  test.each(['fe80::/10', '2001:db8::/32', '::/0', '::ffff:10.0.0.0/104', '10.0.0.0/8', '0.0.0.0/0'])(
    '%s is a network',
    (written) => expect(faultOfNetwork(written)).toBeUndefined(),
  )

  test.each([
    '',
    'localhost',
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0/8',
    '2001:db8::1/32',
    'fe80::1%eth0',
  ])('"%s" is none', (written) => expect(faultOfNetwork(written)).toMatch(/\S/))
})

describe('text', () => {
  test('a flag is on or off, and nothing else', () => {
    const setting = flag({ default: false, summary })
    expect([true, false, 'true', 'FALSE'].map((value) => setting.check(value))).toEqual(
      [true, false, true, false].map(ok),
    )
    expect([1, 0, 'yes', 'on', null].map((value) => setting.check(value))).toEqual(
      Array(5).fill(no('true or false')),
    )
    expect(setting).toMatchObject({ flag: 'switch', constant: true })
  })

  test('a list takes one text alone, and keeps commas', () => {
    const setting = list({ default: [], summary })
    expect(setting.check('a,b')).toEqual(ok(['a,b']))
    expect(setting.check(['a', ' b '])).toEqual(ok(['a', 'b']))
    expect(setting.check(['a', 1])).toEqual(no('a list of texts'))
    expect(setting.flag).toBe('append')
  })

  test('a comma list takes either form, and names the item that is wrong', () => {
    const setting = commaList({ item: networkKind, default: [], summary })
    expect(setting.check('::1, 10.0.0.0/8,')).toEqual(ok(['::1', '10.0.0.0/8']))
    expect(setting.check(['*'])).toEqual(ok(['*']))
    expect(setting.check('')).toEqual(ok([]))
    expect(setting.check('::1,here')).toEqual(no(expect.stringContaining("'here' is not an address")))
    expect(setting.flag).toBe('value')
  })

  test('a choice overlooks capitals and tells the words', () => {
    const setting = choice({ words: ['drop', 'refuse'], default: 'drop', summary })
    expect(setting.parse(' Refuse ')).toEqual(ok('refuse'))
    expect(setting.parse('keep')).toEqual(no('one of drop, refuse'))
    expect(setting.type).toBe("'drop' | 'refuse'")
  })

  test('a flag that may stand bare has a value for that', () => {
    const setting = choiceOrBare({ words: ['off', 'auto'], constant: 'auto', default: 'off', summary })
    expect(setting).toMatchObject({ flag: 'optional', constant: 'auto', default: 'off' })
  })

  test('a mapping holds texts only', () => {
    const setting = mapping({ default: {}, summary })
    expect(setting.check({ A: 'b' })).toEqual(ok({ A: 'b' }))
    expect(setting.check({ A: 1 })).toEqual(no(expect.stringContaining("'A' is not text")))
    expect([[], null, 'A=b'].map((value) => setting.check(value))).toEqual(Array(3).fill(no()))
  })

  test('a mapping cannot reach the prototype', () => {
    const checked = mapping({ default: {}, summary }).check(JSON.parse('{"__proto__":"x"}'))
    expect(checked.ok && Object.keys(checked.value)).toEqual(['__proto__'])
  })

  test('an account is a name or a number', () => {
    expect([accountKind.check('root'), accountKind.check('0'), accountKind.check(0)]).toEqual(
      ['root', 0, 0].map(ok),
    )
    expect([accountKind.check(-1), accountKind.check(1.5), accountKind.check({})]).toEqual(
      Array(3).fill(no()),
    )
  })

  test('a pattern judges what is left after trimming', () => {
    const kind = matching('even', /^(?:..)*$/, 'text of even length')
    expect([kind.check(' ab '), kind.check('abc')]).toEqual([ok('ab'), no('text of even length')])
  })
})

describe('combinations', () => {
  test('an optional setting is left out by null, undefined and the empty text', () => {
    const setting = optional(textKind, { summary })
    expect([null, undefined, ''].map((value) => setting.check(value))).toEqual(Array(3).fill(ok(undefined)))
    expect(setting.check('here')).toEqual(ok('here'))
    expect(setting).toMatchObject({ default: undefined, type: 'string | undefined' })
    expect(setting.schema).toEqual({ type: ['string', 'null'] })
  })

  test('a word beside a number is allowed, and told', () => {
    const setting = orWord(integerKind(), 'auto', { default: 1, summary })
    expect([setting.check('Auto'), setting.check(2), setting.parse('3')]).toEqual(['auto', 2, 3].map(ok))
    expect(setting.check('some')).toEqual(unreadable("a whole number of 0 or more, or 'auto'"))
  })

  test('a hook may ask for less than it is given, never for more', () => {
    const setting = hook<(server: unknown, worker: unknown) => void>({
      parameters: ['server', 'worker'],
      summary,
    })
    const two = (_server: unknown, _worker: unknown) => undefined
    const three = (_server: unknown, _worker: unknown, _more: unknown) => undefined
    expect(setting.check(two)).toEqual(ok(two))
    expect(setting.check(() => undefined)).toMatchObject({ ok: true })
    expect(setting.check(three)).toEqual(no('a function of (server, worker)'))
    expect(setting.check('my.module.hook')).toEqual(no('a function of (server, worker)'))
    expect(setting.parse('x')).toEqual(no('a function of (server, worker), in the configuration file'))
  })

  test('anything is anything', () => {
    const value = { deep: [1] }
    expect(anyKind.check(value)).toEqual(ok(value))
  })
})
