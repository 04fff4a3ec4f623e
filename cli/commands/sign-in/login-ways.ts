import { hasScreen } from '../../auth/browser.ts';
import { tokenVariable } from '../../token-store/given-token.ts';
import { CliError, type CommandContext, exitCodes } from '../../context.ts';

/** How the browser comes in. */
export function waysOf(context: CommandContext): {
  readonly browser: boolean;
  readonly pasted: boolean;
  readonly typed: boolean;
} {
  const isInteractive = context.isInteractive();
  const noBrowser = context.has('no-browser');
  const browser = !noBrowser && isInteractive && hasScreen(context.environment);
  // Without a terminal a script sends the browser, and nothing is typed.
  const typed = noBrowser && isInteractive;
  return { browser, pasted: noBrowser || (isInteractive && !browser), typed };
}

/** A sign-in needs a person. Without a terminal none is there, and waiting would be in vain. */
export function requirePerson(context: CommandContext): void {
  if (context.isInteractive() || context.has('no-browser')) return;
  throw new CliError('A sign-in needs a person, and there is no terminal.', {
    exitCode: exitCodes.signInFailed,
    hint: `In scripts, set ${tokenVariable}. To print the address and wait for a browser, add --no-browser.`,
  });
}

/** Throws for flags of `muster auth login` that exclude each other, and where it would be in vain. */
export function vetFlags({ has, option, environment }: CommandContext): void {
  const name = option('server');
  if (name !== undefined && has('all'))
    throw new CliError('--server cannot be combined with --all.');
  if (has('device') && (name !== undefined || has('all')))
    throw new CliError(
      `--device cannot be combined with ${name === undefined ? '--all' : '--server'}.`,
      {
        hint: `Run: muster auth login ${name === undefined ? '--all' : `--server ${name}`} --no-browser`,
      },
    );
  if (environment[tokenVariable])
    throw new CliError(
      `${tokenVariable} is set, and commands use it instead of a sign-in on this machine.`,
      { hint: `Unset ${tokenVariable}, then run: muster auth login` },
    );
}
