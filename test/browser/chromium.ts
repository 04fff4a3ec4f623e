import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * A real Chromium: the one of CHROME_PATH, else the first one in PATH. Undefined: this machine has
 * none.
 */
export function findChromium(): string | undefined {
  const inPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  return [process.env['CHROME_PATH'] ?? '', ...inPath].find(
    (path) => path !== '' && existsSync(path),
  );
}

export const howToGetOne =
  'No Chromium on this machine, so the site is NOT tested in a browser. Install one (Debian: apt-get install -y chromium), or name it in CHROME_PATH.';

/** Without them Chromium calls home at every start. */
export const flags = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-gpu',
];

export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: flags });
