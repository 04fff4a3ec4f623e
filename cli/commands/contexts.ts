import { defined } from '../../functions/model/defined.ts';
import { confirm } from '../auth/confirm.ts';
import { readConfig } from '../auth/endpoint-config.ts';
import { endpointIn, endpointOfEnvironment } from '../auth/endpoint.ts';
import { rememberEndpoint, trustLines, trustOf } from '../auth/endpoint-trust.ts';
import {
  changeEndpoints,
  readEndpoints,
  type TrustedEndpoint,
  type TrustedEndpoints,
  withoutEndpoint,
} from '../auth/trusted-endpoints.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../context.ts';
import { textTable } from '../output/text-table.ts';
import { isStructured, structured } from '../output/yaml.ts';

/** `muster context add NAME URL`: trusts the endpoint with a sign-in, under this name. */
export async function add(context: CommandContext): Promise<ExitCode> {
  const { positionals, environment, info } = context;
  const [name = '', url = ''] = positionals;
  if (!/^[a-z\d][\w.-]{0,62}$/i.test(name))
    throw new CliError(`"${name}" is not a valid context name.`, {
      hint: 'Use letters, digits, dots, dashes and underscores, for example: prod',
    });
  const endpoint = endpointIn(url);
  const stored = await readEndpoints(environment, info);
  const taken = stored.endpoints.find((one) => one.name === name);
  if (taken !== undefined && taken.endpoint !== endpoint)
    throw new CliError(`The context ${name} already exists. Its endpoint is ${taken.endpoint}.`, {
      hint: `Use another name, or run: muster context remove ${name}`,
    });
  const config = await readConfig(endpoint);
  const verdict = trustOf(endpoint, config, stored);
  for (const line of trustLines(
    endpoint,
    config,
    verdict.kind === 'unknown' ? verdict.sharedWith : [],
  ))
    info(line);
  if (verdict.kind === 'changed')
    info(`  Trusted:    ${verdict.known.issuer}, client ID ${verdict.known.clientId}`);
  const asks = verdict.kind !== 'trusted' && context.isInteractive() && !context.has('yes');
  if (asks && !(await confirm('Do you trust it with your sign-in? [y/N] '))) {
    info('Nothing was changed.');
    return exitCodes.error;
  }
  const { current } = await rememberEndpoint(config, { endpoint, environment, info }, name);
  info(`Added the context ${name}.${current === name ? ' It is the current one.' : ''}`);
  warnOfVariable(context, endpoint);
  return exitCodes.done;
}

/** `muster context list`: every endpoint that the person trusts. */
export async function list(context: CommandContext): Promise<ExitCode> {
  const stored = await readEndpoints(context.environment, context.info);
  const format = context.option('output');
  const rows = sortedByName(stored).map(({ name, endpoint, issuer, clientId }) =>
    defined({
      name,
      endpoint,
      issuer,
      clientId,
      current: name !== undefined && name === stored.current,
    }),
  );
  if (isStructured(format)) {
    context.print(structured({ items: rows }, format));
    return exitCodes.done;
  }
  if (rows.length === 0) context.info('No contexts found');
  else
    context.print(
      textTable([
        ['CURRENT', 'NAME', 'ENDPOINT', 'ISSUER', 'CLIENT ID'],
        ...rows.map(({ current, name, endpoint, issuer, clientId }) => [
          current ? '*' : '',
          name ?? '-',
          endpoint,
          issuer,
          clientId,
        ]),
      ]),
    );
  return exitCodes.done;
}

/** `muster context use NAME` */
export async function use(context: CommandContext): Promise<ExitCode> {
  const { positionals, environment, info } = context;
  const [name = ''] = positionals;
  const { endpoint } = find(await readEndpoints(environment, info), name);
  await changeEndpoints(environment, info, ({ endpoints }) => ({ current: name, endpoints }));
  info(`The current context is ${name} (${endpoint}).`);
  warnOfVariable(context, endpoint);
  return exitCodes.done;
}

/**
 * `muster context remove NAME`: the endpoint is no longer trusted. Also takes the address of one
 * without a name.
 */
export async function remove(context: CommandContext): Promise<ExitCode> {
  const { positionals, environment, info } = context;
  const [name = ''] = positionals;
  const removed = find(await readEndpoints(environment, info), name);
  await changeEndpoints(environment, info, (stored) => withoutEndpoint(stored, removed));
  info(
    `Removed ${name}. A sign-in to it is kept. To end it, run: muster auth logout --endpoint ${removed.endpoint}`,
  );
  return exitCodes.done;
}

function find(stored: TrustedEndpoints, name: string): TrustedEndpoint {
  const found =
    stored.endpoints.find((one) => one.name === name) ??
    stored.endpoints.find((one) => one.endpoint === name.replace(/\/+$/, ''));
  if (found !== undefined) return found;
  throw new CliError(`There is no context ${name}.`, { hint: 'Run: muster context list' });
}

const sortedByName = ({ endpoints }: TrustedEndpoints): readonly TrustedEndpoint[] =>
  [...endpoints].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

/** Those without a name come last. */
const keyOf = ({ name, endpoint }: TrustedEndpoint): string =>
  name === undefined ? `1${endpoint}` : `0${name}`;

function warnOfVariable({ environment, info }: CommandContext, endpoint: string): void {
  const overriding = endpointOfEnvironment(environment);
  if (overriding !== undefined && overriding.replace(/\/+$/, '') !== endpoint)
    info(
      'Warning: MUSTER_SERVERLESS_ENDPOINT or MUSTER_ENDPOINT is set and overrides the current context.',
    );
}
