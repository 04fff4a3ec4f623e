import { spawn } from 'node:child_process';

/**
 * Sends the person to an address: opens the browser, or only prints the address (`--no-browser`, a
 * script). The address is always printed: a browser may open on another screen, or not at all.
 */
export function showAddress(
  address: string,
  { browser, info }: { readonly browser: boolean; readonly info: (line: string) => void },
): void {
  if (!browser) {
    info(`Open this address in a browser:\n\n  ${address}\n`);
    return;
  }
  info(`Opening the browser. If it does not open, go to this address:\n\n  ${address}\n`);
  const [command, ...parameters] = opener(address);
  const child = spawn(command, parameters, { stdio: 'ignore', detached: true });
  // Without a browser the person uses the printed address.
  child.once('error', () => {});
  child.unref();
}

/**
 * On Linux a browser needs a display; without one xdg-open would fall back to whatever it finds.
 */
export const hasScreen = (environment: Readonly<Record<string, string | undefined>>): boolean =>
  process.platform !== 'linux' || Boolean(environment['DISPLAY'] || environment['WAYLAND_DISPLAY']);

function opener(address: string): readonly [string, ...string[]] {
  if (process.platform === 'darwin') return ['open', address];
  // rundll32 takes the address as it is; cmd's start would read & and % in it.
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', address];
  return ['xdg-open', address];
}
