/**
 * Walks every hint that a case brings up: the command that it names exists with these flags, runs,
 * and leads on. A hint that leads back to the command it came from, or to itself, is a circle.
 */
import { CliError } from '../../cli/context.ts';
import { parse } from '../../cli/parse.ts';
import type { Scene, Typed } from './scene.ts';

/** `command` is what the hint says to type; `from` is the line that printed it. */
export type Hint = { readonly command: string; readonly from: string; readonly failed: boolean };

/** Every command that an output tells the person to run. */
export function hintsIn({ line, code, stdout, stderr }: Typed): readonly Hint[] {
  const text = stdout + stderr;
  const named = [
    ...text.matchAll(/\brun:? (muster [^;|&$`<>()\n"]+)/gi),
    ...text.matchAll(/"hint": "(?:Run: )?(muster [^"]+)"/g),
    ...text.matchAll(/^Next: +(?:Run: )?(muster .+)$/gm),
  ];
  return named.map(([, command = '']) => ({
    command: command
      .replace(/ {2,}.*$/, '')
      .replace(/[.,](\s.*)?$/, '')
      .trim()
      // The same server by its other name.
      .replace(/ \S+\/wild\b/, ' wild'),
    from: line,
    failed: code !== 0 && code !== 2,
  }));
}

export type Walk = { readonly astray: readonly string[]; readonly walked: number };

export async function walkHints(scene: Scene, hints: readonly Hint[]): Promise<Walk> {
  const commands = [...new Set(hints.map(({ command }) => command))];
  const astray: string[] = [];
  for (const command of commands) {
    const line = command.replace(/^muster /, '');
    const problem = unknownCommand(line) ?? (await leadsNowhere(scene, line, hints));
    if (problem !== undefined) astray.push(`"${command}" ${problem}`);
  }
  return { astray, walked: commands.length };
}

/** Why this is no command of ours as it stands. */
export function unknownCommand(line: string): string | undefined {
  if (/\b(NAME|NAMESPACE|URL|KEY)\b/.test(line)) return 'has a placeholder in it.';
  try {
    // A typo leads to the help.
    parse(line.split(' '));
    return undefined;
  } catch (error) {
    if (error instanceof CliError) return `is no command: ${error.message}`;
    throw error;
  }
}

async function leadsNowhere(
  scene: Scene,
  line: string,
  hints: readonly Hint[],
): Promise<string | undefined> {
  // A sign-in would go on in a browser: that it begins is enough.
  const isSignIn = line.startsWith('auth login');
  const ended = await scene.type(line, { nobody: isSignIn });
  const next = new Set(hintsIn(ended).map((hint) => hint.command.replace(/^muster /, '')));
  if (next.has(line)) return 'advises itself.';
  // A command that only reports may be advised again: it then reports the new state.
  const from = hints.filter(({ command, failed }) => failed && command === `muster ${line}`);
  const back = from.find((hint) => hint.from === line || next.has(hint.from));
  if (back !== undefined) return `leads back to "muster ${back.from}", which failed.`;
  // A sign-in begins with an address for the browser, or says why not and what to do about it.
  const begins = /^ {2}https?:/m.test(ended.stderr);
  if (isSignIn && ended.code !== 0 && !begins && ended.stderr.trim().split('\n').length < 2)
    return `ends without a next step: ${ended.stderr.trim()}`;
  return undefined;
}
