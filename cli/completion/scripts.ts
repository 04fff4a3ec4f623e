import { basename } from 'node:path';
import { type Shell, shells } from '../commands/shells.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../context.ts';

/**
 * `muster completion SHELL`: a script for the shell. At each TAB it runs `muster __complete` with
 * the words up to the cursor; the last one begins with a dot, so that no shell drops an empty one.
 */
export async function completion({ positionals, print }: CommandContext): Promise<ExitCode> {
  const shell = shells.find((one) => one === positionals[0]);
  if (shell === undefined) throw new CliError(`Unknown shell "${positionals[0] ?? ''}".`);
  print(scripts[shell](commandNames(process.argv[1])));
  return exitCodes.done;
}

/** `muster` may be another program where this one was started by its own name. */
const commandNames = (program: string | undefined): readonly string[] =>
  program !== undefined && basename(program) === 'muster-serverless'
    ? ['muster-serverless']
    : ['muster', 'muster-serverless'];

// bash 3.2 of macOS has no mapfile. bash ends words at = and :, so they are split here again, and
// of each candidate only what follows the last of them is given back.
const bash = (names: readonly string[]): string => `# Completion of muster for bash.
_muster_complete() {
  local line typed last candidate prefix=''
  line=\${COMP_LINE:0:COMP_POINT}
  IFS=$' \\t\\n' read -r -a typed <<< "$line"
  case $line in *[[:space:]]) typed+=('') ;; esac
  local count=$((\${#typed[@]} - 1))
  ((count > 0)) || return 0
  last=\${typed[count]}
  case $last in *[=:]*)
    case $COMP_WORDBREAKS in *[=:]*) prefix=\${last%"\${last##*[=:]}"} ;; esac ;;
  esac
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    [ -n "$candidate" ] && COMPREPLY+=("$(printf '%q' "\${candidate#"$prefix"}")")
  done < <("$1" __complete "\${typed[@]:1:count-1}" ".$last" 2> /dev/null)
}
complete -F _muster_complete ${names.join(' ')}
`;

const zsh = (names: readonly string[]): string => `#compdef ${names.join(' ')}
# Completion of muster for zsh.
_muster_complete() {
  local line candidate text
  local -a candidates
  while IFS=$'\\t' read -r candidate text; do
    [[ -n $candidate ]] && candidates+=("\${candidate//:/\\\\:}\${text:+:$text}")
  done < <("\${words[1]}" __complete "\${(@Q)words[2,CURRENT-1]}" ".\${(Q)PREFIX}" 2> /dev/null)
  _describe muster candidates
}
if [ "\${funcstack[1]}" = _muster_complete ] || [ "\${funcstack[1]}" = _muster ]; then
  _muster_complete "$@"
else
  compdef _muster_complete ${names.join(' ')}
fi
`;

const fish = (names: readonly string[]): string => `# Completion of muster for fish.
function __muster_complete
  set -l words (commandline -opc)
  set -l program $words[1]
  set -e words[1]
  $program __complete $words "."(commandline -ct) 2> /dev/null
end
${names.map((name) => `complete -c ${name} -f -k -a '(__muster_complete)'\n`).join('')}`;

const powershell = (names: readonly string[]): string => `# Completion of muster for PowerShell.
Register-ArgumentCompleter -Native -CommandName ${names.map((name) => `'${name}'`).join(', ')} -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements |
    Where-Object { $_.Extent.EndOffset -lt $position } |
    ForEach-Object { $_.Extent.Text })
  $first, $rest = $words
  & $first __complete @($rest) ".$word" 2> $null | ForEach-Object {
    $candidate, $text = $_ -split "\`t", 2
    if (-not $text) { $text = $candidate }
    [System.Management.Automation.CompletionResult]::new(
      $candidate, $candidate, 'ParameterValue', $text)
  }
}
`;

const scripts: Readonly<Record<Shell, (names: readonly string[]) => string>> = {
  bash,
  zsh,
  fish,
  powershell,
};
