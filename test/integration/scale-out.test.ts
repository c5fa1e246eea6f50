/**
 * Two hosts with a balancer before them, as docs/scale-out.md has it: its configurations and its script are what runs
 * here. The hosts are network namespaces; what they need is root, or user namespaces that are permitted.
 */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Balancer, blockOf, commandsOf, replaced, startBalancer } from '../support/balancer.ts'
import { type Daemon, start } from '../support/daemon.ts'
import { eventually, steadily } from '../support/eventually.ts'
import { type Host, noHosts, startHosts } from '../support/hosts.ts'
import type { Cleanliness } from '../support/leftovers.ts'
import { type Load, type LoadOptions, startLoad } from '../support/load.ts'
import { builtProgram, repository } from '../support/machine.ts'
import { isAlive } from '../support/processes.ts'
import { programOf } from '../support/proxies.ts'
import { RawClient, request, requestText } from '../support/raw-client.ts'
import { sharedFolder } from '../support/shared-folder.ts'

const missing = (['haproxy', 'nginx'] as const).filter((name) => programOf(name) === undefined)
const absent = noHosts ?? (missing.length > 0 ? `not installed: ${missing.join(', ')}` : undefined)
const reason = absent === undefined ? '' : ` (skipped: ${absent})`

/** Which host answers, at once, after a while, or after work. */
const appOf = (version: string): string => `
export default (req, res) => {
  const [path, milliseconds] = req.url.split('?')
  const answer = () => res.end('hello ${version} from ' + process.env.TSG_HOST)
  if (path === '/slow') { console.log('seen ' + path); setTimeout(answer, Number(milliseconds)) }
  else {
    const end = performance.now() + Number(milliseconds ?? 0)
    while (performance.now() < end) { /* work */ }
    answer()
  }
}
`

type Name = 'one' | 'two'
const names = ['one', 'two'] as const

interface Scene {
  /** Where the balancer runs, and clients do. */
  readonly center: Host
  readonly hosts: Readonly<Record<Name, Host>>
  readonly servers: Record<Name, Daemon>
  /** A server on a host; further arguments. */
  readonly serve: (name: Name, args?: readonly string[]) => Promise<Daemon>
  readonly folder: string
  /** The balancer's, on this machine. */
  readonly path: string
  readonly load: (port: number, options?: LoadOptions) => Promise<Load>
  /** The answer to a request through the balancer. */
  readonly get: () => Promise<string>
}

const scene = async (args: readonly string[] = []): Promise<Scene> => {
  const folder = sharedFolder()
  const addresses = { balancer: '10.0.0.1', one: '10.0.0.11', two: '10.0.0.12' }
  const [center, one, two] = await startHosts(addresses)
  if (!center || !one || !two) throw new Error('three hosts were asked for')
  const hosts = { one, two }
  const serve = async (name: Name, more = args) => {
    const server = await start({
      program: [...hosts[name].enter, process.execPath, builtProgram],
      app: appOf('1'),
      config: blockOf('gunicorn.conf.ts'),
      bind: [],
      workers: 1,
      // Idle connections of balancers end sooner: nobody waits for them.
      args: ['-p', 'server.pid', '--keep-alive', '1', ...more],
      env: { TSG_HOST: name },
      until: 'spawned',
    })
    // Told when the generation serves: HAProxy takes a server for up until its first check.
    await server.logged(/Agent checks at/)
    return server
  }
  const [first, second] = await Promise.all([serve('one'), serve('two')])
  const path = join(folder, 'front.sock')
  return {
    center,
    hosts,
    servers: { one: first, two: second },
    serve,
    folder,
    path,
    load: (port, options) =>
      startLoad({ host: addresses.balancer, port }, { rate: 60, enter: center.enter, ...options }),
    get: async () => (await request({ path }, '/')).body,
  }
}

/** Both kinds of checks in one process: /readyz on port 80, agent checks on 81. `more`: what is changed for the test. */
const haproxyBefore = async (
  { center, path }: Scene,
  more: Readonly<Record<string, string>> = {},
): Promise<Balancer> => {
  const checked = replaced(blockOf('haproxy.cfg'), { 'bind :80': `bind :80\n    bind unix@${path}` })
  const weighed = replaced(blockOf('agent.cfg'), { 'backend app': 'backend weighed' })
  const front = 'frontend second\n    bind :81\n    default_backend weighed\n'
  const balancer = await startBalancer(center.enter, replaced(`${checked}\n${front}\n${weighed}`, more))
  for (const name of names) await isUp(balancer, name)
  return balancer
}

const backends = ['app', 'weighed'] as const

const isUp = (balancer: Balancer, name: Name, wanted = true) =>
  eventually(
    async () => {
      const states = await Promise.all(backends.map((backend) => balancer.state(backend, name)))
      return states.every((state) => state.isUp === wanted && (!wanted || !state.isDraining))
    },
    { within: 10_000, what: () => `${name} ${wanted ? 'up' : 'down'}; HAProxy says:\n${balancer.said()}` },
  )

const loseNothing = async (loads: readonly Load[]): Promise<void> => {
  for (const load of loads) expect((await load.stop()).failures).toEqual([])
}

/** Answers of this version come from both, and of no other from any. */
const bothAnswer = async ({ get }: Scene, version: string): Promise<void> => {
  const wanted = names.map((name) => `hello ${version} from ${name}`)
  const seen = new Set<string>()
  await eventually(
    async () => {
      for (const answer of await Promise.all([get(), get(), get(), get()])) seen.add(answer)
      return wanted.every((answer) => seen.has(answer))
    },
    { what: () => `answers of both; there were ${[...seen]}` },
  )
  expect([...seen].sort()).toEqual(wanted)
}

/** Nobody waits for their lame_duck. */
const end = async ({ servers }: Scene, clean: Cleanliness = {}): Promise<void> => {
  for (const name of names) servers[name].signal('SIGQUIT')
  for (const name of names) await servers[name].assertClean(clean)
}

/** What the page has an operator type at HAProxy: without an agent check, and with one. */
const drainByHand = async ({ tell, state }: Balancer): Promise<void> => {
  const [drain = '', ready = '', ...rest] = commandsOf('Draining a host by hand')
  const [disable = '', drainToo = '', readyToo = '', enable = ''] = rest.map((command) =>
    command.replace('app/', 'weighed/'),
  )
  const drains = async (backend: string) => (await state(backend, 'one')).isDraining
  await tell(drain)
  expect(await drains('app')).toBe(true)
  await tell(ready)
  expect(await drains('app')).toBe(false)
  await tell(drainToo)
  await eventually(async () => !(await drains('weighed')), { what: 'the agent to undo the drain' })
  await tell(disable)
  await tell(drainToo)
  // As long as the agent would have had to undo it.
  await steadily(() => drains('weighed'), { during: 1500, what: 'the drain' })
  await tell(readyToo)
  await tell(enable)
  expect(await drains('weighed')).toBe(false)
}

/** Stops a server as systemd does, and starts another in its place. */
const replace = async ({ servers, serve }: Scene, name: Name): Promise<void> => {
  await servers[name].assertClean()
  servers[name] = await serve(name)
}

/** What `ssh HOST COMMAND` is on hosts of a test: the commands of the page run as they stand. */
const remoteShell = ({ folder, hosts, servers }: Scene): string => {
  for (const name of names) {
    const server = servers[name]
    const program = join(repository, 'dist/cli/tsgunicornc.js')
    server.write(
      'node_modules/.bin/tsgunicornc',
      `#!/bin/sh\nTMPDIR=${server.path('tmp')} XDG_RUNTIME_DIR= exec ${process.execPath} ${program} "$@"\n`,
    )
    chmodSync(server.path('node_modules/.bin/tsgunicornc'), 0o755)
    const enter = `#!/bin/sh\ncd ${server.folder} && exec ${hosts[name].enter.join(' ')} sh -c "$1"\n`
    writeFileSync(join(folder, name), enter, { mode: 0o755 })
  }
  const shell = join(folder, 'on')
  writeFileSync(shell, `#!/bin/sh\nexec ${folder}/"$1" "$2"\n`, { mode: 0o755 })
  writeFileSync(join(folder, 'roll.sh'), blockOf('roll.sh'), { mode: 0o755 })
  return shell
}

/** Runs the page's script; its exit status and what it said. */
const roll = (place: Scene, shell: string) =>
  new Promise<{ code: number | null; said: string }>((resolve, reject) => {
    const env = { ...process.env, ON: shell, APP: '.' }
    const child = spawn(join(place.folder, 'roll.sh'), [...names], { env })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    child.once('error', reject).once('close', (code) => resolve({ code, said }))
  })

describe.skipIf(absent !== undefined)(`two hosts behind HAProxy${reason}`, () => {
  test('an upgrade of both by the script loses no request, and ends where a new version does not start', async () => {
    // Sockets stay open all the while: no balancer has to notice anything.
    const place = await scene(['--lame-duck', '0'])
    const { servers } = place
    await haproxyBefore(place)
    const loads = [await place.load(80, { mode: 'keepalive' }), await place.load(81)]
    const shell = remoteShell(place)
    for (const name of names) servers[name].writeApp(appOf('2'))
    expect(await roll(place, shell)).toMatchObject({ code: 0 })
    await bothAnswer(place, '2')

    servers.one.writeApp('throw new Error("a new version that does not start")')
    servers.two.writeApp(appOf('3'))
    const failed = await roll(place, shell)
    expect(failed.code).toBe(1)
    expect(failed.said).toContain('one: not upgraded')
    expect(failed.said).not.toContain('two: upgrading')
    await Promise.all(loads.map((load) => load.answered(30)))
    await loseNothing(loads)
    await bothAnswer(place, '2')
    await end(place, { allows: [/./] })
  })

  test('one that is cut off costs what may not be repeated of what it had in hand, and comes back', async () => {
    const place = await scene()
    const balancer = await haproxyBefore(place, { 'timeout server 30s': 'timeout server 3s' })
    const loads = [await place.load(80), await place.load(81, { mode: 'keepalive' })]
    const posts = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect({ path: place.path })))
    for (const post of posts) post.send(requestText('/slow?2000', { method: 'POST', body: 'once' }))
    const inHand = (name: Name) => place.servers[name].stdout().split('seen /slow\n').length - 1
    await eventually(() => inHand('one') + inHand('two') === posts.length)
    expect(inHand('one')).toBeGreaterThan(0)

    place.hosts.one.link('down')
    const statuses = await Promise.all(posts.map(async (post) => (await post.answer()).status))
    expect(statuses.filter((status) => status === 504)).toHaveLength(inHand('one'))
    expect(statuses.filter((status) => status === 200)).toHaveLength(inHand('two'))
    await isUp(balancer, 'one', false)
    await Promise.all(loads.map((load) => load.answered(60)))

    place.hosts.one.link('up')
    await isUp(balancer, 'one')
    await eventually(async () => (await place.get()) === 'hello 1 from one')
    await Promise.all(loads.map((load) => load.answered(30)))
    // Whatever was in hand there, or begun after the cut, was repeated: all of it was GET.
    await loseNothing(loads)
    await end(place)
  })

  test('a busy one gets less by its agent check; its stop and a new start lose no request', async () => {
    const place = await scene()
    const { center, hosts, servers } = place
    const balancer = await haproxyBefore(place)
    const weight = async (name: Name) => (await balancer.state('weighed', name)).weight
    expect(await weight('one')).toBeGreaterThanOrEqual(90)
    const work = await startLoad(
      { host: hosts.one.address, port: 8000 },
      { enter: center.enter, mode: 'keepalive', path: '/burn?20' },
    )
    await eventually(async () => (await weight('one')) < 95, {
      within: 20_000,
      what: () => `the weight of a busy host to fall; HAProxy says:\n${balancer.said()}`,
    })
    expect(await weight('two')).toBeGreaterThan(await weight('one'))
    expect((await balancer.state('app', 'one')).weight).toBe(1)
    expect((await work.stop()).failures).toEqual([])

    await drainByHand(balancer)
    const loads = [await place.load(80), await place.load(81, { mode: 'keepalive' })]
    servers.one.signal('SIGTERM')
    await eventually(async () => (await balancer.state('weighed', 'one')).isDraining)
    await isUp(balancer, 'one', false)
    // Drained until somebody says ready: the server itself is gone.
    await servers.one.exited()
    expect((await balancer.state('weighed', 'one')).isDraining).toBe(true)
    await replace(place, 'one')
    await isUp(balancer, 'one')
    await bothAnswer(place, '1')
    await loseNothing(loads)
    await end(place)
  })
})

describe.skipIf(absent !== undefined)(`two hosts behind nginx${reason}`, () => {
  test('a stop without lame_duck and a new start lose no request, for a refused one goes to the other', async () => {
    const place = await scene(['--lame-duck', '0'])
    await nginxBefore(place)
    const load = await place.load(80)
    for (const name of names) {
      await replace(place, name)
      // It is left out for fail_timeout: the other may not be stopped before.
      await bothAnswer(place, '1')
    }
    await loseNothing([load])
    await end(place)
  })
})

const nginxBefore = async (place: Scene): Promise<void> => {
  const { center, folder, path, get } = place
  const config = join(folder, 'nginx.conf')
  const kept = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const site = replaced(blockOf('nginx.conf'), { 'listen 80;': `listen 80; listen unix:${path};` })
  writeFileSync(
    config,
    `worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/errors.log warn;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  access_log off;
  ${kept.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
${site}
}
`,
  )
  const output = openSync(join(folder, 'output.log'), 'a')
  const [command = '', ...args] = [
    ...center.enter,
    programOf('nginx') ?? 'nginx',
    '-c',
    config,
    '-g',
    'daemon off;',
  ]
  const child = spawn(command, args, { stdio: ['ignore', output, output] })
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await eventually(() => child.pid === undefined || !isAlive(child.pid), { within: 5000 })
  })
  await eventually(async () => (await get()).startsWith('hello'))
  await bothAnswer(place, '1')
}

const noHaproxy = missing.includes('haproxy') ? ' (skipped: not installed)' : ''

test.skipIf(noHaproxy !== '')(`HAProxy takes the page's configurations without a warning${noHaproxy}`, () => {
  const [checked, weighed] = ['haproxy.cfg', 'agent.cfg'].map(blockOf) as [string, string]
  const file = join(sharedFolder(), 'haproxy.cfg')
  const folder = join(file, '..')
  for (const config of [checked, checked.slice(0, checked.indexOf('\nbackend app')) + weighed]) {
    writeFileSync(file, config.replace('/run/haproxy/admin.sock', join(folder, 'admin.sock')))
    const { status, stdout, stderr } = spawnSync(programOf('haproxy') ?? '', ['-c', '-f', file], {
      encoding: 'utf8',
    })
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: 'Configuration file is valid\n' })
  }
})
