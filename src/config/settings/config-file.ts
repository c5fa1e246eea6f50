/** Where the configuration and the application come from. */
import type { Setting } from '../setting.ts'
import { optional, pathKind, textKind } from '../setting-kinds.ts'

export const title = 'Config File'

export const settings = {
  config: optional(pathKind, {
    cli: ['-c', '--config'],
    metavar: 'PATH',
    defaultText:
      'gunicorn.conf.ts, .mts, .js, .mjs, .cjs, .json, .yaml, .yml or .py in the directory of the start',
    summary: 'The configuration file.',
    details: `A path, \`file:PATH\`, or \`python:MODULE\` for a Python module. Without it, the first file of the default's names that exists is read, in the
directory the command was given in only: parent directories are not searched. A relative PATH starts from there, too, and
\`chdir\` changes neither, also at a reload. It may stand on the command line or in
\`GUNICORN_CMD_ARGS\`; inside a configuration file it has no meaning.

A Python file (\`gunicorn.conf.py\`) is read as it is, by a Python process: see \`python\` for which one. Its names that are
no settings are its own. Its hooks of the master run in that process, those of a worker in Python workers.

A file that is named but does not exist stops the start; without a name, no file is needed.`,
    gunicorn: { differs: 'The file is Python, TypeScript, JavaScript, JSON or YAML.' },
    common: true,
  }),
  wsgi_app: optional(textKind, {
    metavar: 'MODULE:NAME',
    summary: 'The application, when the command line names none.',
    details: `A module and, after a colon, what it exports: \`./server.ts\`, \`./dist/app.js:app\`, \`build/server\`; of Python
\`mysite.wsgi\`, \`web:create_app(debug=True)\`. Give
it when the command line should be \`tsgunicorn\` alone, for example in a container. An application on the command line
wins.`,
  }),
  app: optional(textKind, {
    metavar: 'MODULE:NAME',
    summary: 'The application: another name of wsgi_app.',
    details: 'For configurations in which `wsgi_app` would read oddly. Given both, this one wins.',
    gunicorn: false,
  }),
} as const satisfies Record<string, Setting>
