import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { split } from 'shlex'
import { describe, expect, test } from 'vitest'
import {
  exampleFacts,
  type Facts,
  proxyIdleSeconds,
  pythonExampleFacts,
  stopSeconds,
} from '../../../src/recipes/facts.ts'
import { isRecipeName, type RecipeName, recipeNames, recipes } from '../../../src/recipes/index.ts'
import { shellWord, supervisorWord, systemdWord } from '../../../src/recipes/recipe.ts'
import { parseAddress } from '../../../src/sockets/address.ts'

const write = (name: RecipeName, facts: Partial<Facts> = {}): string =>
  Object.values(recipes[name].files({ ...exampleFacts, ...facts })).join('\n')

const seconds = fc.integer({ min: 0, max: 3600 })

describe('every recipe', () => {
  test.each(recipeNames)('%s writes something, and says what to do next', (name) => {
    expect(write(name).endsWith('\n')).toBe(true)
    expect(recipes[name].next(exampleFacts).length).toBeGreaterThan(0)
    expect(recipes[name].next(pythonExampleFacts).length).toBeGreaterThan(0)
  })

  test.each(recipeNames)('%s leaves no gap where a value belongs', (name) => {
    for (const facts of [exampleFacts, pythonExampleFacts])
      expect(Object.values(recipes[name].files(facts)).join('')).not.toMatch(/undefined|NaN|\[object/)
  })
})

test('docs/deploy.md names every recipe, and none that is not', () => {
  const text = readFileSync(new URL('../../../docs/deploy.md', import.meta.url), 'utf8')
  const commands = [...text.matchAll(/tsgunicorn init ([a-z0-9]+)/g)].map(([, name]) => name)
  expect(commands.filter((name) => !isRecipeName(name ?? ''))).toEqual([])
  expect(commands.length).toBeGreaterThan(2)
  const rows = text.slice(text.indexOf('## Which recipe'), text.indexOf('## What holds'))
  const named = new Set([...rows.matchAll(/`([a-z0-9]+)`/g)].map(([, name]) => name))
  expect(recipeNames.filter((name) => !named.has(name))).toEqual([])
})

describe('times', () => {
  test('whoever kills waits longer than the server may take to end', () => {
    fc.assert(
      fc.property(seconds, seconds, (gracefulTimeout, lameDuck) => {
        const facts = { ...exampleFacts, gracefulTimeout, lameDuck }
        expect(stopSeconds(facts)).toBeGreaterThan(gracefulTimeout + lameDuck)
        const granted = [
          /stopwaitsecs=(\d+)/.exec(write('supervisor', facts))?.[1],
          /stop_grace_period: (\d+)s/.exec(write('docker', facts))?.[1],
          /terminationGracePeriodSeconds: (\d+)/.exec(write('k8s', facts))?.[1],
        ]
        for (const each of granted) expect(Number(each)).toBeGreaterThan(gracefulTimeout + lameDuck)
      }),
    )
  })

  test('a proxy ends an idle connection before the server does', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4000, noNaN: true }), (keepalive) => {
        const idle = proxyIdleSeconds({ ...exampleFacts, keepalive })
        expect(idle === 0 || idle <= keepalive - 1).toBe(true)
      }),
    )
    expect(write('nginx', { keepalive: 1 })).not.toMatch(/keepalive 32|keepalive_timeout/)
  })

  test('a proxy waits for the 504 that a Python worker would have', () => {
    for (const name of ['nginx', 'haproxy'] as const) {
      const text = write(name, { language: 'python', timeout: 90 })
      expect(text).toMatch(name === 'nginx' ? /proxy_read_timeout 95s/ : /timeout server 95s/)
    }
  })

  test('the watchdog is longer than timeout and boot_timeout', () => {
    fc.assert(
      fc.property(seconds, seconds, (timeout, bootTimeout) => {
        const text = write('systemd', { timeout, bootTimeout })
        expect(Number(/WatchdogSec=(\d+)/.exec(text)?.[1])).toBeGreaterThan(timeout + bootTimeout)
      }),
    )
  })
})

describe('addresses', () => {
  const at = (...bind: readonly string[]) => ({ bind: bind.map(parseAddress) })

  test('nginx takes the path, HAProxy the port, and who listens everywhere is reached at loopback', () => {
    expect(write('nginx')).toContain('server unix:/run/app/http.sock;')
    expect(write('haproxy')).toContain('server app-1 127.0.0.1:8000 check')
    expect(write('nginx', at('0.0.0.0:8080'))).toContain('server 127.0.0.1:8080;')
    expect(write('nginx', at('[::]:8080'))).toContain('server [::1]:8080;')
    expect(write('haproxy', at('unix:/run/a b.sock'))).toContain('server app-1 unix@/run/a\\ b.sock check')
    expect(write('nginx', at('unix:/run/a b.sock'))).toContain('server "unix:/run/a b.sock";')
  })

  test.each(['nginx', 'haproxy'] as const)('%s cannot do with descriptors', (name) => {
    expect(() => write(name, at('fd://3'))).toThrow(
      /bind names descriptors only .* Name one: -b 127\.0\.0\.1:8000/,
    )
  })

  test('HAProxy asks admin_bind, in whichever form, and only looks for a listener without it', () => {
    expect(write('haproxy')).toMatch(/check inter 2s fall 2 rise 1 addr 127\.0\.0\.1 port 9000$/m)
    const admin = (text: string) => write('haproxy', { adminBind: parseAddress(text) })
    expect(admin('unix:/run/a.sock')).toMatch(/ addr unix@\/run\/a\.sock$/m)
    expect(admin('[::1]:9000')).toMatch(/ addr ::1 port 9000$/m)
    const without = { adminBind: undefined }
    expect(write('haproxy', without)).not.toMatch(/httpchk|addr/)
    expect(recipes.haproxy.next({ ...exampleFacts, ...without }).join()).toMatch(/Set admin_bind/)
  })

  test('HAProxy asks agent_check_bind for the weight, where it is a port', () => {
    const agent = (text: string) => write('haproxy', { agentBind: parseAddress(text) })
    expect(agent('0.0.0.0:9001')).toMatch(
      / port 9000 agent-check agent-addr 127\.0\.0\.1 agent-port 9001 agent-inter 1s weight 100$/m,
    )
    expect(agent('unix:/run/agent.sock')).toBe(write('haproxy'))
  })

  test('HAProxy passes on what only the server can read', () => {
    const tls = write('haproxy', { tls: true })
    expect(tls).toMatch(/mode tcp/)
    expect(tls).not.toMatch(/X-Forwarded|send-proxy/)
    expect(write('haproxy', { proxyProtocol: 'v1' })).toMatch(/mode tcp[\s\S]* send-proxy$/m)
    expect(write('haproxy', { proxyProtocol: 'auto' })).toMatch(/ send-proxy-v2$/m)
  })

  test('nginx is refused what it would do wrong', () => {
    expect(() => write('nginx', { tls: true })).toThrow(/speaks TLS itself.*Leave certfile/)
    expect(() => write('nginx', { proxyProtocol: 'auto' })).toThrow(/sends no PROXY header/)
  })

  test('--listen is where a proxy listens', () => {
    expect(write('nginx', { listen: '127.0.0.1:8080' })).toContain('listen 127.0.0.1:8080;')
    expect(write('haproxy', { listen: '8080' })).toContain('bind :8080\n')
    expect(write('haproxy', { listen: '127.0.0.1:8080' })).toContain('bind 127.0.0.1:8080\n')
    expect(() => write('haproxy', { listen: 'fd://3' })).toThrow(/--listen fd:\/\/3 is a descriptor/)
  })

  test('the socket unit has the addresses of bind, in its own words', () => {
    const text = recipes.systemd.files({
      ...exampleFacts,
      ...at('unix:/run/app/a.sock', '[::1]:80', 'fd://3'),
    })
    expect(text['deploy/app.socket']?.match(/^ListenStream=.*/gm)).toEqual([
      'ListenStream=/run/app/a.sock',
      'ListenStream=[::1]:80',
    ])
    expect(recipes.systemd.files({ ...exampleFacts, ...at('fd://3') })['deploy/app.socket']).toBeUndefined()
  })
})

describe('who runs it', () => {
  test('systemd and Supervisor name nobody when the server itself becomes another user', () => {
    const drops = { user: 'root', group: 'root', dropsPrivileges: true }
    expect(write('systemd')).toMatch(/^User=app$/m)
    expect(write('systemd', drops)).not.toMatch(/^(User|Group)=/m)
    expect(write('supervisor')).toMatch(/^user=app$/m)
    expect(write('supervisor', drops)).not.toMatch(/^user=/m)
    expect(write('logrotate')).toMatch(/^ {4}su app app$/m)
    expect(write('logrotate', drops)).not.toMatch(/^ *su /m)
  })

  test.each(['docker', 'k8s'] as const)('%s is refused it: an image says who runs', (name) => {
    expect(() => write(name, { dropsPrivileges: true })).toThrow(/user and group are set/)
  })
})

test.each(['systemd', 'supervisor', 'docker', 'k8s', 'procfile'] as const)(
  '%s is refused a daemon',
  (name) => {
    expect(() => write(name, { daemon: true })).toThrow(/daemon is set.*Leave it out/)
  },
)

describe('folders', () => {
  test('systemd makes those below /run and /var/log that the settings name', () => {
    expect(write('systemd')).toMatch(/^RuntimeDirectory=app$[\s\S]*^LogsDirectory=app$/m)
    const elsewhere = { ...at0, pidfile: '/srv/app/app.pid', logs: [], controlSocket: undefined }
    const text = write('systemd', elsewhere)
    expect(text).not.toMatch(/^(Runtime|Logs)Directory/m)
    expect(text).toMatch(/^# PrivateTmp=true would hide/m)
  })
  const at0 = { bind: [parseAddress('127.0.0.1:8000')] }
})

describe('logrotate', () => {
  test('is refused when there is no file, or nobody to tell', () => {
    expect(() => write('logrotate', { logs: [] })).toThrow(/no log goes to a file.*Set errorlog/)
    expect(() => write('logrotate', { pidfile: undefined })).toThrow(/no pidfile says it.*Set pidfile/)
  })
})

describe('containers', () => {
  const open = {
    bind: [parseAddress('0.0.0.0:8080')],
    adminBind: parseAddress('0.0.0.0:9090'),
    logs: [],
    pidfile: undefined,
    controlSocket: undefined,
  }

  test('overrule what is for one machine alone, and nothing else', () => {
    expect(write('docker')).toContain(
      'ENV GUNICORN_CMD_ARGS="--bind=0.0.0.0:8000 --admin-bind=0.0.0.0:9000 --error-logfile=- --access-logfile=-',
    )
    expect(write('docker', open)).not.toContain('GUNICORN_CMD_ARGS')
    expect(write('docker', { ...open, python: '.venv' })).toContain('GUNICORN_CMD_ARGS="--python=/opt/venv"')
    expect(write('docker', open)).toMatch(/EXPOSE 8080\n[\s\S]*127\.0\.0\.1:9090\/livez/)
    expect(write('k8s', open)).toMatch(/value: >-\n +--lame-duck=10\n/)
    expect(write('k8s', { ...open, lameDuck: 7 })).not.toMatch(/env:|lame-duck/)
  })

  test('are refused what the command line would win with', () => {
    expect(() => write('docker', { given: ['bind', 'workers'] })).toThrow(
      /in a container this has to be --bind=0\.0\.0\.0:8000\. Give it so, or leave it out/,
    )
    expect(() => write('docker', { ...open, given: ['bind'] })).not.toThrow()
  })

  test('the ports differ, whatever is configured', () => {
    const text = write('docker', { bind: [parseAddress('127.0.0.1:9000')], adminBind: undefined })
    expect(text).toMatch(/--bind=0\.0\.0\.0:9000 --admin-bind=0\.0\.0\.0:9001/)
  })

  test('install what the project has', () => {
    const project = exampleFacts.project
    expect(write('docker')).toMatch(/RUN npm ci --omit=dev/)
    expect(write('docker', { project: { ...project, locked: false, builds: true } })).toMatch(
      /RUN npm install\nCOPY \. \.\nRUN npm run build && npm prune --omit=dev/,
    )
    const python = { language: 'python', project: { ...project, requirements: 'pyproject.toml' } } as const
    expect(write('docker', python)).toMatch(/pip install --no-cache-dir \.\n/)
    expect(write('docker', python)).not.toMatch(/collectstatic|requirements\.txt/)
    expect(write('docker', python)).toMatch(/compileall -q \. \S+\/dist\/python/)
  })
})

describe('a Procfile', () => {
  const web = (facts: Partial<Facts>) => write('procfile', { arguments: ['app.js'], ...facts }).trim()

  test('binds to PORT where the configuration binds elsewhere, and drains in the time there is', () => {
    expect(web({})).toBe(
      'web: exec node_modules/.bin/tsgunicorn --bind="0.0.0.0:$PORT" --graceful-timeout=20 app.js',
    )
    expect(web({ bind: [parseAddress('127.0.0.1:8000')], gracefulTimeout: 10, lameDuck: 5 })).toBe(
      'web: exec node_modules/.bin/tsgunicorn --lame-duck=0 app.js',
    )
    const given = ['bind', 'graceful_timeout', 'lame_duck']
    expect(web({ given, lameDuck: 5 })).toBe('web: exec node_modules/.bin/tsgunicorn app.js')
  })
})

describe('words', () => {
  test('are one word to a shell again, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (word) => {
        expect(split(shellWord(word))).toEqual([word])
      }),
    )
  })

  test.each([
    ['plain', 'plain'],
    ['create_app("a b")', '"create_app(\\"a b\\")"'],
    ['100%', '100%%'],
    ['$HOME', '"$$HOME"'],
  ])('%s for systemd', (word, expected) => expect(systemdWord(word)).toBe(expected))

  test('have their percent signs doubled for Supervisor', () => {
    expect(supervisorWord('%(h)s x')).toBe("'%%(h)s x'")
  })
})
