import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { WorldOptions } from './world.ts';
import { demoPersons } from './demo-person.ts';
import { defined } from '../functions/model/defined.ts';

export type StartOptions = Pick<WorldOptions, 'port' | 'kubeconfig' | 'servers' | 'guard'> & {
  readonly tickMs: number;
  /** Ends after so many sweeps. Absent: runs until Ctrl-C. */
  readonly sweeps?: number;
  readonly output: 'table' | 'json';
  /** Who sees the second list. Absent: there is none. */
  readonly as?: keyof typeof demoPersons;
};

/** An error that the user can fix; the message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Who may see the second list; the last value leaves it out. */
const views = [...Object.keys(demoPersons), 'nobody'];

export const usage = `npm start -- [--servers FILE] [--sweeps N] [-o table|json] [--kubeconfig FILE] [--interval 60s] [--port 8787] [--guard] [--as ${views.join('|')}]

  --servers FILE      probe the MCPServers of this YAML file instead of the demo servers
  --sweeps N          sweep N times without waiting for due times, print the list and exit
  -o table|json       format of the list
  --kubeconfig FILE   use this cluster instead of the embedded one
  --interval 60s      time between two sweeps, for example 500ms, 5s or 2m
  --port 8787         port of the endpoint
  --guard             apply the address rules of the cloud: never contact loopback and private networks
  --as ada            sign this person of the demo in, and also print the list as they see it (default); others: ${views.slice(1).join(', ')}`;

/** Reads the arguments of `npm start`; `undefined` where the user asks for help. Throws `UsageError`. */
export function readOptions(args: readonly string[]): StartOptions | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const { servers, kubeconfig } = values;
  if (servers !== undefined && kubeconfig !== undefined) {
    throw new UsageError(
      `--servers and --kubeconfig cannot be combined. Declare MCPServers in your cluster with: kubectl apply -f ${servers}`,
    );
  }
  for (const file of [servers, kubeconfig])
    if (file !== undefined && !existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  if (values.output !== 'table' && values.output !== 'json')
    throw new UsageError(`Unknown output format "${values.output}". Use -o table or -o json.`);
  return defined({
    as: personIn(values),
    tickMs: span(values.interval),
    output: values.output,
    guard: values.guard,
    // With --sweeps no client needs a fixed address, and several runs may share a machine.
    port:
      values.sweeps === undefined || values.port !== undefined
        ? wholeNumber('--port', values.port ?? '8787', 0, 65_535)
        : 0,
    sweeps:
      values.sweeps === undefined ? undefined : wholeNumber('--sweeps', values.sweeps, 1, 1000),
    servers,
    kubeconfig,
  });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        servers: { type: 'string' },
        sweeps: { type: 'string' },
        output: { type: 'string', short: 'o', default: 'table' },
        kubeconfig: { type: 'string' },
        interval: { type: 'string', default: '60s' },
        port: { type: 'string' },
        guard: { type: 'boolean', default: false },
        as: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

/** The demo servers are there for the persons of the demo; other servers are the user's own. */
function personIn(given: ReturnType<typeof parse>['values']): StartOptions['as'] {
  const { as, servers, kubeconfig, sweeps } = given;
  const others = { '--servers': servers, '--kubeconfig': kubeconfig, '--sweeps': sweeps };
  const [other] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
  if (as === undefined) return other === undefined && given.output === 'table' ? 'ada' : undefined;
  if (as !== 'nobody' && !isDemoPerson(as))
    throw new UsageError(`Unknown person "${as}". Use --as with one of: ${views.join(', ')}.`);
  if (other !== undefined)
    throw new UsageError(`--as cannot be combined with ${other}. It signs in to the demo servers.`);
  return as === 'nobody' ? undefined : as;
}

const isDemoPerson = (name: string): name is keyof typeof demoPersons => name in demoPersons;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function span(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+)(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(amount) * (units[unit] ?? 0);
  if (ms < 100)
    throw new UsageError(
      `--interval ${text} is not a valid interval. Use 100ms or more, for example 500ms, 5s or 2m.`,
    );
  return ms;
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new UsageError(`${option} ${text} is not a whole number from ${least} to ${most}.`);
  return value;
}
