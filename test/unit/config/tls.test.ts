import { describe, expect, test } from 'vitest'
import { brokenRules } from '../../../src/config/rules.ts'
import { settings } from '../../../src/config/settings/index.ts'

const platform = { os: 'linux', node: '24.0.0' }
const rulesOf = (values: Record<string, unknown>) =>
  brokenRules({ sni_certs: {}, ...values }, platform).map(({ name, as }) => [name, as])

describe('rules of TLS', () => {
  test.each([
    [{ keyfile: 'k' }, [['keyfile', 'TSG_SETTING_INVALID']]],
    [{ certfile: 'c', keyfile: 'k' }, []],
    [{ sni_certs: { a: { certfile: 'c' } } }, [['sni_certs', 'TSG_SETTING_INVALID']]],
    [{ sni_certs: { a: { certfile: 'c' } }, certfile: 'c' }, []],
    [{ certfile: 'c', cert_reqs: 2 }, [['cert_reqs', 'TSG_SETTING_INVALID']]],
    [{ certfile: 'c', cert_reqs: 1, ca_certs: 'a' }, []],
    [{ certfile: 'c', ca_certs: 'a' }, [['ca_certs', 'warning']]],
    [{ ciphers: 'x' }, [['ciphers', 'warning']]],
    [{ ssl_context: () => ({}), cert_reqs: 2 }, []],
  ])('%j breaks %j', (values, broken) => {
    expect(rulesOf(values)).toEqual(broken)
  })
})

describe('sni_certs', () => {
  const { check } = settings.sni_certs

  test('takes names, wildcards of one label, and files', () => {
    const names = { 'Example.ORG': { certfile: 'a' }, '*.example.org': { certfile: 'b', keyfile: 'c' } }
    expect(check(names)).toEqual({
      ok: true,
      value: { 'example.org': { certfile: 'a' }, '*.example.org': { certfile: 'b', keyfile: 'c' } },
    })
  })

  test.each([
    ['text'],
    [[]],
    [{ 'a b': { certfile: 'a' } }],
    [{ 'a.*.b': { certfile: 'a' } }],
    [{ '*': { certfile: 'a' } }],
    [{ 'a.b': {} }],
    [{ 'a.b': 'a' }],
    [{ 'a.b': { certfile: 'a', keyfile: 3 } }],
    [{ 'a.b': { certfile: 'a', key: 'b' } }],
    [{ 'a.b': { certfile: 'a' }, 'A.B': { certfile: 'a' } }],
  ])('refuses %j', (value) => {
    expect(check(value)).toMatchObject({
      ok: false,
      allowed: expect.stringMatching(/^a mapping of server names/),
    })
  })
})
