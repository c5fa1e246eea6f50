/** A Procfile, for platforms that give PORT and end processes 30 seconds after TERM. */
import { type Facts, staysInFront } from './facts.ts'
import { type Recipe, shellWord } from './recipe.ts'

/** Leaves time for the application's own end, of Heroku's 30 seconds from TERM to KILL. */
const drain = 20

const web = (facts: Facts): string => {
  staysInFront('procfile', facts)
  const { bind, given, gracefulTimeout, lameDuck, arguments: args } = facts
  const flags = [
    // Where the configuration is silent, PORT is the default of bind.
    ...(given.includes('bind') || isDefault(bind) ? [] : ['--bind="0.0.0.0:$PORT"']),
    ...(given.includes('graceful_timeout') || gracefulTimeout <= drain
      ? []
      : [`--graceful-timeout=${drain}`]),
    ...(given.includes('lame_duck') || lameDuck === 0 ? [] : ['--lame-duck=0']),
  ]
  return `web: exec ${['node_modules/.bin/tsgunicorn', ...flags, ...args.map(shellWord)].join(' ')}\n`
}

const isDefault = ([first, ...others]: Facts['bind']): boolean =>
  others.length === 0 && first?.kind === 'tcp' && first.port === 8000 && first.host === '127.0.0.1'

export const procfile: Recipe = {
  summary: 'a Procfile, for platforms that set PORT and WEB_CONCURRENCY',
  files: (facts) => ({ Procfile: web(facts) }),
  next: ({ language, project }) => [
    ...(project.dependsOnServer ? [] : ['npm install tsgunicorn']),
    ...(language === 'python'
      ? [
          '# Both Node and Python have to be there: on Heroku add the buildpacks heroku/nodejs and heroku/python.',
        ]
      : []),
    "# Behind a platform's router, FORWARDED_ALLOW_IPS=* has its word on clients and https believed.",
    'PORT=8000 npx foreman start',
  ],
}
