/** Completion scripts for shells, from the table of commands. Static: they start no program, but for the pids. */
import { commandNames, type FlagSpec, globalFlags, specOf } from './commands.ts'

/** The script for `bash`, `zsh` or `fish`, ending in a line end. */
export const completionScript = (shell: string): string => `${(scripts[shell] ?? bash)()}\n`

const program = 'tsgunicornc'

/** Long and short forms of flags. */
const forms = (flags: readonly FlagSpec[]): readonly string[] =>
  flags.flatMap(({ name, short }) => (short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]))

const needsValue = (flags: readonly FlagSpec[]): readonly FlagSpec[] =>
  flags.filter(({ value }) => value !== undefined && !value.optional)

/** Words that may follow a command: its operands' and its flags. */
const wordsOf = (name: (typeof commandNames)[number]): string => {
  const { operands, flags } = specOf(name)
  const own = operands.flatMap(({ words = [] }) => words)
  const topics = name === 'help' ? commandNames : []
  return [...own, ...topics, ...forms(flags)].join(' ')
}

const takesPid = commandNames.filter((name) => specOf(name).operands.some(({ kind }) => kind === 'pid'))

/** The pids of workers, as the shell asks the program for them. */
const pids = `${program} status --no-color 2>/dev/null | awk '$1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ { print $2 }'`

const fileFlags = (kind: FlagSpec['completes']): string =>
  forms(
    [...globalFlags, ...commandNames.flatMap((name) => specOf(name).flags)].filter(
      (flag) => flag.completes === kind,
    ),
  ).join('|')

const bash =
  (): string => `# bash completion of ${program}: ${program} completion bash > /etc/bash_completion.d/${program}
_${program}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command= at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      ${forms(needsValue(globalFlags)).join('|')}) ((at++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[at]}; break ;;
    esac
  done
  case $before in
    ${fileFlags('file')}) COMPREPLY=($(compgen -f -- "$word")); return ;;
    ${fileFlags('directory')}) COMPREPLY=($(compgen -d -- "$word")); return ;;
  esac
  local words
  case $command in
    '') words='${[...commandNames, ...forms(globalFlags)].join(' ')}' ;;
${commandNames.map((name) => `    ${name}) words='${wordsOf(name)} --json' ;;`).join('\n')}
  esac
  case $command in
    ${takesPid.join('|')}) words="$words $(${pids})" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _${program} ${program}`

/** Single quotes cannot stand in single quotes. */
const quoted = (text: string): string => text.replaceAll("'", "'\\''")
/** _arguments reads brackets and colons itself. */
const zshText = (text: string): string => quoted(text).replace(/[[\]:]/g, '\\$&')

const zshFlag = ({ name, short, value, summary, completes }: FlagSpec): string => {
  const action = completes === 'file' ? '_files' : completes === 'directory' ? '_files -/' : ''
  const takes = value === undefined ? '' : `:${value.name}:${action}`
  const text = `[${zshText(summary)}]`
  if (value?.optional) return `'--${name}=-${text}:${takes}'`
  const long = value === undefined ? `--${name}` : `--${name}=`
  return short === undefined
    ? `'${long}${text}${takes}'`
    : `'(-${short} --${name})'{-${short},${long}}'${text}${takes}'`
}

const zshOperand = ({
  name,
  words,
  kind,
  optional,
}: ReturnType<typeof specOf>['operands'][number]): string => {
  const action = words !== undefined ? `(${words.join(' ')})` : kind === 'pid' ? '_tsgunicornc_pids' : ''
  return `'${optional ? ':' : ''}:${zshText(name)}:${action}'`
}

const zsh = (): string => `#compdef ${program}
# zsh completion of ${program}: ${program} completion zsh > "\${fpath[1]}/_${program}"
_${program}_pids() { local -a pids; pids=(\${(f)"$(${pids})"}); compadd -a pids }
_${program}() {
  local -a commands
  local state line
  commands=(
${commandNames.map((name) => `    '${name}:${zshText(specOf(name).summary)}'`).join('\n')}
  )
  _arguments -C \\
${globalFlags.map((flag) => `    ${zshFlag(flag)} \\`).join('\n')}
    '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $line[1] in
${commandNames
  .map((name) => {
    const { operands, flags } = specOf(name)
    const parts = name === 'help' ? [`'1:command:(${commandNames.join(' ')})'`] : operands.map(zshOperand)
    return `        ${name}) _arguments ${[...flags.map(zshFlag), ...parts, "'--json'"].join(' ')} ;;`
  })
  .join('\n')}
      esac ;;
  esac
}
# Loaded from fpath it is called at once; evaluated, it is registered.
if [ "$funcstack[1]" = "_${program}" ]; then _${program} "$@"; else compdef _${program} ${program}; fi`

const fishFlag = (condition: string, { name, short, value, summary, completes }: FlagSpec): string =>
  [
    `complete -c ${program} -n '${condition}' -l ${name}`,
    ...(short === undefined ? [] : [`-s ${short}`]),
    ...(value === undefined || value.optional ? [] : ['-r']),
    ...(completes === 'file'
      ? ['-F']
      : completes === 'directory'
        ? ["-a '(__fish_complete_directories)'"]
        : []),
    `-d '${fishText(summary)}'`,
  ].join(' ')

const fishText = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")

const fish = (): string => {
  const none = `not __fish_seen_subcommand_from ${commandNames.join(' ')}`
  const lines = commandNames.flatMap((name) => {
    const { summary, operands, flags } = specOf(name)
    const seen = `__fish_seen_subcommand_from ${name}`
    const words = name === 'help' ? commandNames : operands.flatMap(({ words: own = [] }) => own)
    return [
      `complete -c ${program} -n '${none}' -a ${name} -d '${fishText(summary)}'`,
      ...flags.map((flag) => fishFlag(seen, flag)),
      ...(words.length === 0 ? [] : [`complete -c ${program} -n '${seen}' -a '${words.join(' ')}'`]),
      ...(takesPid.includes(name) ? [`complete -c ${program} -n '${seen}' -a '(__${program}_pids)'`] : []),
    ]
  })
  return [
    `# fish completion of ${program}: ${program} completion fish > ~/.config/fish/completions/${program}.fish`,
    `function __${program}_pids; ${pids}; end`,
    `complete -c ${program} -f`,
    ...globalFlags.map((flag) => fishFlag('true', flag)),
    ...lines,
  ].join('\n')
}

const scripts: Readonly<Record<string, () => string>> = { bash, zsh, fish }
