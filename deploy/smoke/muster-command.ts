import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { tokenVariable } from '../../cli/token-store/given-token.ts';
import type { JourneyContext } from './step.ts';

type Machine = {
  /** The built command line. */
  readonly file: string;
  readonly endpoint: string;
  /** Holds the sign-in of this journey, so that the person's own one stays as it is. */
  readonly configFolder: string;
};

/**
 * Runs the command line as the person at this terminal. A sign-in has the terminal to itself, for
 * its questions and the browser; what other commands print is read.
 */
export const musterCommand =
  ({ file, endpoint, configFolder }: Machine): JourneyContext['command'] =>
  async (...words) => {
    const { [tokenVariable]: _given, ...environment } = process.env;
    const isSignIn = words[0] === 'auth' && words[1] === 'login';
    const child = spawn(process.execPath, [file, ...words], {
      env: {
        ...environment,
        MUSTER_SERVERLESS_ENDPOINT: endpoint,
        XDG_CONFIG_HOME: configFolder,
      },
      stdio: isSignIn ? ['inherit', 'pipe', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [code]] = await Promise.all([
      child.stdout === null ? '' : text(child.stdout),
      child.stderr === null ? '' : text(child.stderr),
      once(child, 'close'),
    ]);
    return { code: typeof code === 'number' ? code : 1, stdout, stderr };
  };
