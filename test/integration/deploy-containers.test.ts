/**
 * Images, compose files and Kubernetes manifests as `tsgunicorn init` writes them, as far as they can be tried without an
 * engine: read by their own grammars, and every command in them run as it stands.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DockerfileParser } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { helloApp, noPython, python, wsgiAppOf } from '../support/apps.ts'
import { configText, start } from '../support/daemon.ts'
import { eventually } from '../support/eventually.ts'
import { builtProgram, freePort, repository } from '../support/machine.ts'
import { childrenOf, isAlive } from '../support/processes.ts'
import { RawClient, request } from '../support/raw-client.ts'
import { init } from '../support/recipes.ts'
import { sharedFolder } from '../support/shared-folder.ts'

/** A project with a configuration that is for a machine, and not for a container. */
const projectOf = async (language: 'node' | 'python') => {
  const folder = sharedFolder()
  const [port, adminPort] = [await freePort(), await freePort()]
  const settings = {
    wsgi_app: language === 'node' ? './app.mjs' : 'app:app',
    bind: [`127.0.0.1:${port}`, 'unix:/run/shop/http.sock'],
    admin_bind: `127.0.0.1:${adminPort}`,
    pidfile: '/run/shop/shop.pid',
    errorlog: '/var/log/shop/error.log',
    control_socket: '/run/shop/control.sock',
  }
  const files = {
    'gunicorn.conf.ts': configText(settings),
    'package.json': '{ "name": "shop", "dependencies": { "tsgunicorn": "*" } }\n',
    ...(language === 'node'
      ? { 'app.mjs': helloApp }
      : { 'app.py': wsgiAppOf(), 'requirements.txt': 'Flask\n' }),
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return { folder, port, adminPort }
}

const argumentsOf = (json: string | undefined): string[] => JSON.parse(json ?? '[]')

interface Image {
  readonly env: Readonly<Record<string, string>>
  readonly command: readonly string[]
  readonly probe: readonly string[]
  readonly user: string
  /** What is copied from the project's folder. */
  readonly sources: readonly string[]
}

/** The last stage, and all copying. */
const imageOf = (text: string): Image => {
  const file = DockerfileParser.parse(text)
  const last = text.slice(text.lastIndexOf('\nFROM '))
  const env = file
    .getENVs()
    .flatMap((instruction) => instruction.getProperties())
    .map((property) => [property.getName(), property.getValue() ?? ''] as const)
  const line = (name: string) => new RegExp(`^${name} (?:--\\S+ |\\\\\\n\\s*CMD )*(.*)$`, 'm').exec(last)?.[1]
  return {
    env: Object.fromEntries(env),
    command: argumentsOf(/^CMD (.*)$/m.exec(last)?.[1]),
    probe: argumentsOf(/^ {4}CMD (.*)$/m.exec(last)?.[1]),
    user: line('USER') ?? '',
    sources: file
      .getCOPYs()
      .filter((copy) => copy.getFromFlag() === null)
      .flatMap((copy) =>
        copy
          .getArguments()
          .slice(0, -1)
          .map((argument) => argument.getValue()),
      ),
  }
}

/** Where everybody may listen in a container, only this machine may here. */
const atHome = (flags: string): string => flags.replaceAll('0.0.0.0', '127.0.0.1')

const languages = ['node', 'python'] as const

describe.each(languages)('the image of a %s project', (language) => {
  const skipped = language === 'python' && noPython !== undefined

  test('is written as Dockerfiles are, copies what is there, and its user is a number', async () => {
    const { folder } = await projectOf(language)
    expect(init(folder, ['docker'])).toMatch(/wrote Dockerfile\nwrote \.dockerignore\nwrote compose\.yaml\n/)
    const text = readFileSync(join(folder, 'Dockerfile'), 'utf8')
    expect(validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([])
    const image = imageOf(text)
    expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
    expect(image.sources.length).toBeGreaterThan(1)
    for (const source of image.sources)
      expect(source === '.' || existsSync(join(folder, source.replace('package*', 'package'))), source).toBe(
        true,
      )
  })

  test.skipIf(skipped)('has a command that serves, and a probe that knows whether it does', async () => {
    const { folder, port, adminPort } = await projectOf(language)
    init(folder, ['docker'])
    const image = imageOf(readFileSync(join(folder, 'Dockerfile'), 'utf8'))
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
    symlinkSync(builtProgram, join(folder, 'node_modules/.bin/tsgunicorn'))
    const [program = '', ...args] = image.command
    expect(program).toMatch(/(^|\/opt\/tsgunicorn\/)node_modules\/\.bin\/tsgunicorn$/)
    const probe = () => spawnSync(image.probe[0] ?? '', image.probe.slice(1), { timeout: 10_000 }).status
    const child = spawn(
      process.execPath,
      [
        join(folder, program.replace('/opt/tsgunicorn/', '')),
        ...args,
        ...(language === 'python' ? ['--python', python] : []),
      ],
      {
        cwd: folder,
        env: {
          ...process.env,
          PWD: folder,
          GUNICORN_CMD_ARGS: atHome(image.env['GUNICORN_CMD_ARGS'] ?? '').replaceAll('/tmp/', `${folder}/`),
          PYTHONDONTWRITEBYTECODE: '1',
        },
        stdio: 'inherit',
      },
    )
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await eventually(() => child.pid === undefined || !isAlive(child.pid))
    })
    expect(probe()).toBe(1)
    await eventually(async () => (await request({ port }, '/')).body === 'hello 1', { within: 15_000 })
    expect(probe()).toBe(0)
    expect((await request({ port: adminPort }, '/readyz')).status).toBe(200)
    child.kill('SIGTERM')
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect(code).toBe(0)
    expect(probe()).toBe(1)
  })
})

const mayUnshare =
  spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'], { stdio: 'ignore' }).status === 0

test.skipIf(!mayUnshare)(
  `as process 1 it drains at TERM, and ends with 0${mayUnshare ? '' : ' (namespaces are not permitted)'}`,
  async () => {
    const server = await start({
      program: ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, builtProgram],
      workers: 2,
      until: 'serving',
    })
    const [first] = childrenOf(server.pid)
    const client = await RawClient.connect(server.target)
    client.send('GET /slow?800 HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually(() => server.stdout().includes('seen /slow'))
    process.kill(first?.pid ?? 0, 'SIGTERM')
    expect((await client.answer()).body).toMatch(/^hello late/)
    client.close()
    expect(server.log()).toMatch(/\[1\] \[INFO\] Starting tsgunicorn/)
    await server.exited()
    await server.assertClean()
  },
)

interface Manifest {
  readonly kind: string
  readonly apiVersion: string
  // biome-ignore lint/suspicious/noExplicitAny: its form is what Kubernetes says, and the compiler judges it below
  readonly spec: any
}

const manifestsOf = (folder: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(folder, 'deploy/kubernetes.yaml'), 'utf8')).map((document) => {
    expect(document.errors).toEqual([])
    return document.toJS()
  })

const modules: Readonly<Record<string, string>> = {
  'apps/v1': 'kubernetes-types/apps/v1',
  v1: 'kubernetes-types/core/v1',
  'policy/v1': 'kubernetes-types/policy/v1',
}

const compiler = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace('package.json', 'bin/tsc')
const strictly = [
  ...['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--types', ''],
  ...['--module', 'esnext', '--moduleResolution', 'bundler'],
]

describe('the manifest', () => {
  test('has the fields that Kubernetes knows, and no others', async () => {
    const { folder } = await projectOf('node')
    init(folder, ['k8s'])
    const manifests = manifestsOf(folder)
    expect(manifests.map(({ kind }) => kind)).toEqual(['Deployment', 'Service', 'PodDisruptionBudget'])
    // The types are made of the API's own description; a literal may have no field that they have not.
    const source = manifests
      .map(
        ({ kind, apiVersion, ...rest }) =>
          `import type { ${kind} } from '${modules[apiVersion]}'\n` +
          `export const a${kind}: ${kind} = ${JSON.stringify({ apiVersion, kind, ...rest })}\n`,
      )
      .join('')
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
    const check = (text: string): string => {
      writeFileSync(join(folder, 'manifest.ts'), text)
      const { stdout } = spawnSync(process.execPath, [compiler, ...strictly, 'manifest.ts'], {
        encoding: 'utf8',
        cwd: folder,
      })
      return stdout
    }
    expect(check(source)).toBe('')
    expect(check(source.replace('"readinessProbe"', '"readyProbe"'))).toMatch(/readyProbe/)
  })

  test('probes ports that there are, and grants more time than the server takes to end', async () => {
    const { folder, port, adminPort } = await projectOf('node')
    init(folder, ['k8s', '--graceful-timeout', '40'])
    const [deployment, service, budget] = manifestsOf(folder)
    const pod = deployment?.spec.template.spec
    const [container] = pod.containers
    const ports = new Map(
      container.ports.map((each: { name: string; containerPort: number }) => [each.name, each.containerPort]),
    )
    expect(Object.fromEntries(ports)).toEqual({ http: port, admin: adminPort })
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
      expect(ports.has(container[probe].httpGet.port), probe).toBe(true)
    expect(ports.has(service?.spec.ports[0].targetPort)).toBe(true)
    const flags: string = container.env[0].value
    const lameDuck = Number(/--lame-duck=(\d+)/.exec(flags)?.[1])
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(lameDuck + 40)
    // Readiness is heard of while the server still accepts.
    const { periodSeconds, failureThreshold } = container.readinessProbe
    expect(lameDuck).toBeGreaterThan(periodSeconds * failureThreshold)
    const labels = deployment?.spec.template.metadata.labels
    for (const selector of [
      deployment?.spec.selector.matchLabels,
      service?.spec.selector,
      budget?.spec.selector.matchLabels,
    ])
      expect(labels).toMatchObject(selector)
    expect(container.volumeMounts.map(({ name }: { name: string }) => name)).toEqual(
      pod.volumes.map(({ name }: { name: string }) => name),
    )
  })
})

test('the compose file grants the time, publishes the port, and says what a service may', async () => {
  const { folder, port } = await projectOf('node')
  init(folder, ['docker', '--graceful-timeout', '40'])
  const { services } = parse(readFileSync(join(folder, 'compose.yaml'), 'utf8'))
  expect(services).toEqual({
    shop: {
      build: '.',
      image: 'shop',
      ports: [`${port}:${port}`],
      init: true,
      stop_grace_period: '50s',
      restart: 'unless-stopped',
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    },
  })
})

test("a Procfile's line serves at the port of the platform", async () => {
  const { folder } = await projectOf('node')
  init(folder, ['procfile'])
  const line = /^web: (.*)$/m.exec(readFileSync(join(folder, 'Procfile'), 'utf8'))?.[1] ?? ''
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
  // Its line names the program, which is executable where npm has installed it.
  writeFileSync(
    join(folder, 'node_modules/.bin/tsgunicorn'),
    `#!/bin/sh\nexec "${process.execPath}" "${builtProgram}" "$@"\n`,
    {
      mode: 0o755,
    },
  )
  writeFileSync(
    join(folder, 'gunicorn.conf.ts'),
    configText({ wsgi_app: './app.mjs', bind: ['127.0.0.1:1'] }),
  )
  const port = await freePort()
  const child = spawn('sh', ['-c', atHome(line)], {
    cwd: folder,
    env: { ...process.env, PWD: folder, PORT: String(port), WEB_CONCURRENCY: '2', TMPDIR: folder },
    stdio: 'inherit',
  })
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await eventually(() => child.pid === undefined || !isAlive(child.pid), { within: 15_000 })
  })
  await eventually(async () => (await request({ port }, '/')).body === 'hello 1', { within: 15_000 })
  // `exec`: the platform's TERM meets the master.
  await eventually(() => childrenOf(child.pid ?? 0).length >= 2)
})
