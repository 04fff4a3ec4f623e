/** The command itself: completion for shells, and its version. */
import type { Command } from './command.ts';
import { textOutput } from './flags.ts';
import { shells } from './shells.ts';

export const shellCommands: readonly Command[] = [
  {
    words: ['completion'],
    aliases: [],
    positionals: ['SHELL'],
    values: shells,
    summary:
      'Print the completion script for bash, zsh, fish or powershell. It completes commands, flags, values, and the names of your servers and contexts.',
    flags: [],
    examples: [
      'source <(muster completion bash)',
      'muster completion zsh > "${fpath[1]}/_muster"',
      'muster completion fish > ~/.config/fish/completions/muster.fish',
      'muster completion powershell | Out-String | Invoke-Expression',
    ],
    run: async (context) => (await import('../completion/scripts.ts')).completion(context),
  },
  {
    words: ['version'],
    aliases: [],
    positionals: [],
    summary: 'Show the version of this muster and of the endpoint.',
    flags: [
      { name: 'client', summary: 'Show only the version of this muster. Needs no endpoint.' },
      textOutput,
    ],
    examples: ['muster version', 'muster version --client -o json'],
    run: async (context) => (await import('./show-version.ts')).showVersion(context),
  },
];
