import type { Command } from './command.ts';

/** The command on one line: `muster get mcpserver NAME [flags]`. */
export const synopsis = ({ words, positionals, flags }: Command): string =>
  ['muster', ...words, ...positionals, ...(flags.length === 0 ? [] : ['[flags]'])].join(' ');

/** What the overview and the completion show of a summary. */
export const firstSentence = (text: string): string => /^.*?[.?](?= |$)/.exec(text)?.[0] ?? text;
