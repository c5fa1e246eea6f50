import { expect, test } from 'vitest'
import { printConfig } from '../../../src/cli/inspect.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { settings } from '../../../src/config/settings/index.ts'
import { useProject } from '../config/project.ts'

const project = useProject()

test('--print-config tells every setting by name, its value and who gave it', async () => {
  project.write({ 'gunicorn.conf.ts': 'export const timeout = 7\n\nexport const pre_fork = () => {}' })
  const loaded = await loadConfig({
    directory: project.directory,
    env: { WEB_CONCURRENCY: '3' },
    commandLine: { bind: [':1'] },
    commandVariable: { backlog: 5 },
    app: './app.js',
  })
  const lines = printConfig(loaded).trimEnd().split('\n')
  const names = lines.map((line) => line.split(/\s+=/)[0])
  expect(names).toEqual(Object.keys(settings).sort())
  const lineOf = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.replace(/ +/g, ' ')
  expect(['timeout', 'pre_fork', 'workers', 'bind', 'backlog', 'wsgi_app', 'keepalive'].map(lineOf)).toEqual([
    'timeout = 7 # file gunicorn.conf.ts:1',
    'pre_fork = [function pre_fork] # file gunicorn.conf.ts:3',
    'workers = 3 # environment WEB_CONCURRENCY',
    'bind = [":1"] # command line',
    'backlog = 5 # environment GUNICORN_CMD_ARGS',
    "wsgi_app = './app.js' # command line",
    expect.stringMatching(/^keepalive = \d+ # default$/),
  ])
})
