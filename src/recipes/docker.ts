/** An image, for Node alone or for Node and Python, and a compose file that runs it. */
import { version } from '../version.ts'
import { type Container, containerOf, probeOf } from './container.ts'
import { type Facts, stopSeconds } from './facts.ts'
import { lines, type Recipe } from './recipe.ts'

const json = (list: readonly string[]): string => `[${list.map((word) => JSON.stringify(word)).join(', ')}]`

/** Both of one Debian release: what was compiled in one stage runs in the next. */
const nodeImage = 'node:24-bookworm-slim'
const pythonImage = 'python:3.13-slim-bookworm'

/** The rest of either image. `user` is a number: Kubernetes can tell that it is not root. */
const runs = (container: Container, program: string, facts: Facts, user: string): readonly string[] => [
  `USER ${user}`,
  ...(container.flags.length === 0
    ? []
    : [
        '# What a container needs and the configuration says otherwise; `docker run -e` sets it anew.',
        `ENV GUNICORN_CMD_ARGS="${container.flags.join(' ')}"`,
      ]),
  `EXPOSE ${container.port}`,
  '# tsgunicorn is process 1 and drains at TERM; the engine has to grant it the time (stop_grace_period, --stop-timeout).',
  'STOPSIGNAL SIGTERM',
  `HEALTHCHECK --interval=10s --timeout=3s --start-period=${Math.max(10, Math.ceil(facts.bootTimeout))}s \\`,
  `    CMD ${json(probeOf(container))}`,
  `CMD ${json([program, ...facts.arguments])}`,
]

const nodeFile = (facts: Facts): string => {
  const { locked, builds } = facts.project
  const install = locked ? 'npm ci' : 'npm install'
  return lines(
    `FROM ${nodeImage} AS build`,
    'WORKDIR /srv/app',
    '# Apart from the sources: a change of these leaves the packages where they are.',
    'COPY package*.json ./',
    `RUN ${install}${builds ? '' : ' --omit=dev'}`,
    'COPY . .',
    ...(builds ? ['RUN npm run build && npm prune --omit=dev'] : []),
    '',
    `FROM ${nodeImage}`,
    'ENV NODE_ENV=production',
    'WORKDIR /srv/app',
    '# Owned by root: the server can read it and not change it.',
    'COPY --from=build /srv/app ./',
    ...runs(containerOf('docker', facts), 'node_modules/.bin/tsgunicorn', facts, '1000:1000'),
  )
}

const pythonFile = (facts: Facts): string => {
  const { requirements, django } = facts.project
  return lines(
    '# tsgunicorn, and the Node that runs it.',
    `FROM ${nodeImage} AS server`,
    'WORKDIR /opt/tsgunicorn',
    `RUN npm install tsgunicorn@${version}`,
    '',
    '# The packages of the application, in an environment that is copied whole.',
    `FROM ${pythonImage} AS build`,
    'RUN python -m venv /opt/venv',
    'WORKDIR /srv/app',
    ...(requirements === 'requirements.txt'
      ? ['COPY requirements.txt ./', 'RUN /opt/venv/bin/pip install --no-cache-dir -r requirements.txt']
      : requirements === 'pyproject.toml'
        ? ['COPY . .', 'RUN /opt/venv/bin/pip install --no-cache-dir .']
        : []),
    '',
    `FROM ${pythonImage}`,
    'COPY --from=server /usr/local/bin/node /usr/local/bin/node',
    'COPY --from=server /opt/tsgunicorn /opt/tsgunicorn',
    'COPY --from=build /opt/venv /opt/venv',
    'ENV VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1',
    'WORKDIR /srv/app',
    '# Owned by root: the server can read it and not change it.',
    'COPY . .',
    ...(django ? ['RUN python manage.py collectstatic --noinput'] : []),
    '# Nobody can write bytecode later, and a worker boots sooner with it. What does not compile is told.',
    'RUN python -m compileall -q . /opt/tsgunicorn/node_modules/tsgunicorn/dist/python || true',
    ...runs(
      containerOf('docker', facts),
      '/opt/tsgunicorn/node_modules/.bin/tsgunicorn',
      facts,
      '10001:10001',
    ),
  )
}

const ignored = `.git
.dockerignore
Dockerfile
compose.yaml
deploy
# Made anew in the image.
node_modules
.venv
venv
__pycache__
*.pyc
# Secrets do not belong in an image.
.env
.env.*
*.pem
*.key
*.log
`

const compose = (facts: Facts): string => {
  const { port } = containerOf('docker', facts)
  return lines(
    'services:',
    `  ${facts.name}:`,
    '    build: .',
    `    image: ${facts.name}`,
    '    ports:',
    `      - '${port}:${port}'`,
    '    # An init adopts and buries what the processes of the application leave behind; Node does not.',
    '    init: true',
    '    # TERM, then KILL: longer than lame_duck and graceful_timeout together. The default is 10s.',
    `    stop_grace_period: ${stopSeconds(facts)}s`,
    '    restart: unless-stopped',
    '    read_only: true',
    '    tmpfs:',
    '      - /tmp',
    '    cap_drop:',
    '      - ALL',
    '    security_opt:',
    '      - no-new-privileges:true',
  )
}

export const docker: Recipe = {
  summary: 'an image in stages, health without curl, not root; a compose file',
  files: (facts) => ({
    Dockerfile: facts.language === 'node' ? nodeFile(facts) : pythonFile(facts),
    '.dockerignore': ignored,
    'compose.yaml': compose(facts),
  }),
  next: ({ language, project }) => [
    ...(language === 'node' && !project.dependsOnServer ? ['npm install tsgunicorn'] : []),
    'docker compose up --build',
  ],
}
