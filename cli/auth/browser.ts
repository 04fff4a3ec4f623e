import { spawn } from 'node:child_process';
import { oneLine } from '../../functions/model/outside-text.ts';
import { CliError, exitCodes } from '../context.ts';
import { openable, webAddress } from '../endpoint/web-address.ts';

type Surroundings = Readonly<Record<string, string | undefined>>;

/**
 * Sends the person to an address: opens the browser, or only prints the address (`--no-browser`, a
 * script). The address is always printed: a browser may open on another screen, or not at all.
 * Throws with exit code 3, before anything is printed or opened, unless it is https, or http on
 * this machine: the desktop would start other programs for other addresses. `from` is the endpoint
 * or the issuer that named it.
 */
export function showAddress(
  text: string,
  {
    browser,
    info,
    from,
  }: {
    readonly browser: boolean;
    /** Prints the address: also with `--quiet`, because the person needs it. */
    readonly info: (line: string) => void;
    readonly from: string;
  },
): void {
  const address = openable(vetted(text, from));
  if (!browser) {
    info(`Open this address in a browser:\n\n  ${address}\n`);
    return;
  }
  info(`Opening the browser. If it does not open, go to this address:\n\n  ${address}\n`);
  const [command, ...parameters] = openerOf(address, process.platform, process.env);
  // Without a shell: nothing in the address is read as a command.
  const child = spawn(command, parameters, { stdio: 'ignore', detached: true, shell: false });
  // Without a browser the person uses the printed address.
  child.once('error', () => {});
  child.unref();
}

/** The address, if it may be shown to a person. Throws with exit code 3 if not. */
export function vetted(text: string, from: string): URL {
  const address = webAddress(text, from);
  if (address !== undefined) return address;
  const scheme = /^\s*([a-z][a-z\d+.-]{0,30}):/i.exec(text)?.[1];
  const what = scheme === undefined ? 'no address' : `a ${oneLine(scheme, 31)}: address`;
  throw new CliError(
    `${from} named ${what} that is not safe to open, so the sign-in was stopped.`,
    {
      exitCode: exitCodes.signInFailed,
      hint: 'Only https addresses are opened. Ask the owner of the endpoint.',
    },
  );
}

/**
 * On Linux a browser needs a display; without one xdg-open would fall back to whatever it finds.
 */
export const hasScreen = (environment: Surroundings): boolean =>
  process.platform !== 'linux' || Boolean(environment['DISPLAY'] || environment['WAYLAND_DISPLAY']);

/**
 * The command that opens an address on this platform, with its arguments. On Windows and macOS it
 * is named by its full path: Windows would look into the current folder first.
 */
export function openerOf(
  address: string,
  platform: NodeJS.Platform,
  environment: Surroundings,
): readonly [string, ...string[]] {
  if (platform === 'darwin') return ['/usr/bin/open', address];
  // rundll32 takes the address as it is; cmd's start would read & and % in it.
  if (platform === 'win32')
    return [
      `${environment['SystemRoot'] ?? 'C:\\Windows'}\\System32\\rundll32.exe`,
      'url.dll,FileProtocolHandler',
      address,
    ];
  return ['xdg-open', address];
}
