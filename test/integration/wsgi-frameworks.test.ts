/** The examples in Django, Flask and Bottle, used over sockets as people use them. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { Exchange } from '../support/http-client.ts'
import { repository } from '../support/machine.ts'
import { pythonWith } from '../support/python.ts'
import { sharedFolder } from '../support/shared-folder.ts'
import { modes, startWsgi, type WsgiOptions } from '../support/wsgi.ts'

const example = (name: string): string => join(repository, 'examples', name)

const token = (page: string): string => /name="csrfmiddlewaretoken" value="(\w+)"/.exec(page)?.[1] ?? ''

/** The three modes with the application as it is, and once behind wsgiref's validator, which raises at the server's faults. */
const ways = (argument: string) => [
  ...modes.map(([mode, args]) => [mode, args, argument] as const),
  ['validated', ['--workers', '2'], 'validated:application'] as const,
]

/** The options of a server of an example: its folder is the application's, and `validated` is found beside it. */
const exampleOptions = (name: string, args: readonly string[], appArgument: string): WsgiOptions => {
  const folder = sharedFolder()
  const source =
    name === 'django' ? 'from mysite.wsgi import application' : 'from app import app as application'
  const lines = [source, 'from wsgiref.validate import validator', 'application = validator(application)', '']
  writeFileSync(join(folder, 'validated.py'), lines.join('\n'))
  return { appArgument, args: [...args, '--chdir', example(name), '--pythonpath', folder] }
}

/** All byte values, in no period that a buffer's size could hide. */
const picture = Buffer.from(Array.from({ length: 300_007 }, (_, n) => (n * n + (n >> 3)) & 255))

/** Databases by interpreter: made once, copied for each test. */
const databases = new Map<string, Buffer>()

/** The environment of a project whose database, with an administrator, lies in a folder that goes with the test. */
const prepareDjango = (python: string): Record<string, string> => {
  const env = { DJANGO_DATA: sharedFolder(), PYTHONDONTWRITEBYTECODE: '1' }
  const database = join(env.DJANGO_DATA, 'db.sqlite3')
  if (!databases.has(python)) {
    migrate(python, env)
    databases.set(python, readFileSync(database))
  }
  writeFileSync(database, databases.get(python) ?? '')
  return env
}

const migrate = (python: string, env: Readonly<Record<string, string>>): void => {
  const account = {
    DJANGO_SUPERUSER_USERNAME: 'ada',
    DJANGO_SUPERUSER_PASSWORD: 'engine',
    DJANGO_SUPERUSER_EMAIL: 'ada@example.org',
  }
  const manage = (...args: string[]) =>
    execFileSync(python, [join(example('django'), 'manage.py'), ...args], {
      env: { ...process.env, ...env, ...account },
      stdio: 'pipe',
      timeout: 60_000,
    })
  manage('migrate', '--verbosity', '0')
  manage('createsuperuser', '--noinput')
}

const djangos = (await pythonWith('django')).map((found) => [found.label, found] as const)

describe.each(djangos)('%s', (_label, { python, missing }) => {
  test.skipIf(missing !== undefined).each(ways('mysite.wsgi'))(
    '%s: guests sign, upload, and are administered',
    async (_mode, args, argument) => {
      const env = prepareDjango(python)
      const server = await startWsgi({ python, env, ...exampleOptions('django', args, argument) })
      const guest = new Browser(server.target)
      const form = await guest.get('/')
      expect(form.text).toContain('Nobody has written yet')
      expect((await new Browser(server.target).post('/', { name: 'x', words: 'y' })).status).toBe(403)
      const entry = { csrfmiddlewaretoken: token(form.text), name: 'Grace', words: 'hello <b>all</b>' }
      expect((await guest.post('/', { ...entry, words: '' })).status).toBe(400)
      const signed = await guest.upload('/', {
        ...entry,
        picture: { name: 'me.bin', type: 'application/octet-stream', bytes: picture },
      })
      expect([signed.status, signed.headers.location]).toEqual([302, '/'])
      expect((await guest.get('/')).text).toContain('hello &lt;b&gt;all&lt;/b&gt;')
      const sent = await guest.get('/picture/1')
      expect(Buffer.from(sent.text, 'latin1').equals(picture)).toBe(true)
      expect((await guest.get('/picture/2')).status).toBe(404)
      expect(JSON.parse((await guest.get('/api/entries')).text)).toMatchObject({
        entries: [{ name: 'Grace' }],
      })
      expect((await guest.get('/export.csv')).text).toBe('1,Grace,hello <b>all</b>\r\n')
      const report = await guest.get('/report')
      expect(report.text.length).toBeGreaterThan(9_000)
      expect(report.headers['content-length']).toBe(String(report.text.length))
      for (const visits of [1, 2, 3])
        expect(JSON.parse((await guest.get('/visits')).text)).toEqual({ visits })
      await administer(new Browser(server.target))
      await server.assertClean({ allows: [/Forbidden|Bad Request|Not Found/] })
    },
  )
})

/** Logs in, looks, deletes the entry, logs out. */
const administer = async (admin: Browser): Promise<void> => {
  expect((await admin.get('/admin/')).headers.location).toBe('/admin/login/?next=/admin/')
  const login = async (password: string) => {
    const page = await admin.get('/admin/login/')
    return admin.post('/admin/login/?next=/admin/', {
      csrfmiddlewaretoken: token(page.text),
      username: 'ada',
      password,
    })
  }
  expect((await login('guessed')).text).toContain('Please enter the correct username')
  expect((await login('engine')).headers.location).toBe('/admin/')
  expect(admin.cookie('sessionid')).toMatch(/^\w+$/)
  expect((await admin.get('/admin/')).text).toContain('Site administration')
  const list = await admin.get('/admin/guestbook/entry/')
  expect(list.text).toContain('Grace')
  const question = await admin.get('/admin/guestbook/entry/1/delete/')
  const deleted = await admin.post('/admin/guestbook/entry/1/delete/', {
    csrfmiddlewaretoken: token(question.text),
    post: 'yes',
  })
  expect(deleted.status).toBe(302)
  expect((await admin.get('/')).text).toContain('Nobody has written yet')
}

const small = await Promise.all(
  (['flask', 'bottle'] as const).map(async (name) =>
    (await pythonWith(name)).map((found) => [found.label, name, found] as const),
  ),
)

describe.each(small.flat())('%s', (_label, name, { python, missing }) => {
  test.skipIf(missing !== undefined).each(ways('app:app'))(
    '%s: answers, keeps a session, takes a file, streams',
    async (_mode, args, argument) => {
      const server = await startWsgi({ python, ...exampleOptions(name, args, argument) })
      const client = new Browser(server.target)
      expect((await client.get('/')).text).toBe(`hello from ${name}`)
      expect((await client.get('/greet/Zo%C3%AB')).text).toMatch(/hello Zo(\xc3\xab|\\u00eb)/)
      expect((await client.get('/nowhere')).status).toBe(404)
      expect((await client.get('/upload')).status).toBe(405)
      for (const visits of [1, 2]) expect(JSON.parse((await client.get('/visits')).text)).toEqual({ visits })
      const bytes = Buffer.concat(Array.from({ length: 10 }, () => picture))
      const sent = await client.upload('/upload', { file: { name: 'big.bin', type: 'image/x', bytes } })
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const facts = { name: 'big.bin', size: bytes.length, ...(name === 'flask' ? { sha256 } : {}) }
      expect(JSON.parse(sent.text)).toEqual(facts)
      const exchange = new Exchange(server.target, '/ticks')
      exchange.request.end()
      expect(await exchange.has('tick 0\n')).not.toContain('tick 2')
      expect((await exchange.reply()).text).toBe('tick 0\ntick 1\ntick 2\n')
      const source = readFileSync(join(example(name), 'app.py'), 'latin1')
      expect((await client.get('/source')).text).toBe(source)
      const part = await client.get('/source', { Range: 'bytes=10-99' })
      expect([part.status, part.text]).toEqual([206, source.slice(10, 100)])
      await server.assertClean()
    },
  )
})
