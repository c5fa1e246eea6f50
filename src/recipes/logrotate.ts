/** Rotation of the logs: rename, then USR1. */
import { type Facts, refusal } from './facts.ts'
import { lines, type Recipe, shellWord } from './recipe.ts'

const quoted = (path: string): string => (/^[\w@%+=:,./-]+$/.test(path) ? path : `"${path}"`)

const rotation = ({ logs, pidfile, user, group, dropsPrivileges }: Facts): string => {
  if (logs.length === 0)
    throw refusal(
      'logrotate',
      "no log goes to a file, so there is nothing to rotate. Set errorlog or accesslog, as '/var/log/app/error.log'.",
    )
  if (pidfile === undefined)
    throw refusal(
      'logrotate',
      "the server is told by its process id, and no pidfile says it. Set pidfile, as '/run/app/app.pid'.",
    )
  return lines(
    `${logs.map(quoted).join(' ')} {`,
    ...(dropsPrivileges || user === 'root' ? [] : [`    su ${user} ${group}`]),
    '    daily',
    '    rotate 14',
    '    missingok',
    '    notifempty',
    '    # The server makes the new file.',
    '    nocreate',
    '    # Lines that are on their way when the file is renamed still go into it: it is compressed a day later.',
    '    compress',
    '    delaycompress',
    '    sharedscripts',
    '    postrotate',
    '        # Master and workers go on in fresh files; nothing is lost in between.',
    `        if [ -e ${shellWord(pidfile)} ]; then kill -s USR1 "$(cat ${shellWord(pidfile)})"; fi`,
    '    endscript',
    '}',
  )
}

export const logrotate: Recipe = {
  summary: 'logrotate: rename, then USR1; no line is lost',
  files: (facts) => ({ 'deploy/logrotate.conf': rotation(facts) }),
  next: ({ name }) => [
    `sudo cp deploy/logrotate.conf /etc/logrotate.d/${name}`,
    `sudo logrotate --debug /etc/logrotate.d/${name}`,
  ],
}
