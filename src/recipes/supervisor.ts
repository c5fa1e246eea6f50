/** A program of Supervisor's. */
import { dirname } from 'node:path'
import { type Facts, staysInFront, stopSeconds } from './facts.ts'
import { commandOf, lines, type Recipe, supervisorWord, words } from './recipe.ts'

const program = (facts: Facts): string => {
  staysInFront('supervisor', facts)
  const { name, directory, user, dropsPrivileges, logs } = facts
  const [log] = logs
  const folder = log === undefined ? '/var/log/supervisor' : dirname(log)
  return lines(
    `[program:${name}]`,
    `command=${words(commandOf(facts), supervisorWord)}`,
    `directory=${directory.replaceAll('%', '%%')}`,
    ...(dropsPrivileges
      ? ['; No user: the master starts as root, and the settings user and group say who its workers are.']
      : [`user=${user}`]),
    'autostart=true',
    '; A start that fails ends with a status; an end in order is 0.',
    'autorestart=unexpected',
    'exitcodes=0',
    'startsecs=2',
    '; TERM to the master alone: it drains its workers. Longer than lame_duck and graceful_timeout together.',
    'stopsignal=TERM',
    `stopwaitsecs=${stopSeconds(facts)}`,
    'stopasgroup=false',
    'killasgroup=false',
    '; What does not go to a log of its own. AUTO would be removed whenever Supervisor starts.',
    'redirect_stderr=true',
    `stdout_logfile=${`${folder}/${name}-output.log`.replaceAll('%', '%%')}`,
  )
}

export const supervisor: Recipe = {
  summary: 'Supervisor: a stop that waits for the drain, reload by `supervisorctl signal HUP`',
  files: (facts) => ({ 'deploy/supervisor.conf': program(facts) }),
  next: ({ name }) => [
    `sudo cp deploy/supervisor.conf /etc/supervisor/conf.d/${name}.conf`,
    'sudo supervisorctl update',
    `# Reload: sudo supervisorctl signal HUP ${name}. Not USR2: Supervisor would lose the new master.`,
  ],
}
