import { defined } from '../../functions/model/defined.ts';
import { confirm } from '../auth/ask-person.ts';
import { readConfig } from '../endpoint/endpoint-config.ts';
import { chosenEndpoint, endpointIn, endpointVariable } from '../endpoint/endpoint.ts';
import { rememberEndpoint, trustLines, trustOf } from '../endpoint/endpoint-trust.ts';
import {
  changeEndpoints,
  findContext,
  freeName,
  readEndpoints,
  type TrustedEndpoint,
  type TrustedEndpoints,
  withoutEndpoint,
} from '../endpoint/trusted-endpoints.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../context.ts';
import { textTable } from '../output/text-table.ts';
import { isStructured, structured } from '../output/yaml.ts';

/**
 * `muster context add NAME URL`: trusts the endpoint with a sign-in, under this name. Also takes
 * `--endpoint URL`, as upstream muster does.
 */
export async function add(context: CommandContext): Promise<ExitCode> {
  const { positionals, environment, info } = context;
  const [name = '', url = context.option('endpoint')] = positionals;
  vetName(name);
  if (url === undefined)
    throw new CliError(`The address of the endpoint ${name} is missing.`, {
      hint: `Add its URL, for example: muster context add ${name} https://muster.example.com`,
    });
  const endpoint = endpointIn(url);
  const stored = await readEndpoints(environment, info);
  const taken = stored.endpoints.find((one) => one.name === name);
  if (taken !== undefined && taken.endpoint !== endpoint)
    throw new CliError(`The context ${name} already exists. Its endpoint is ${taken.endpoint}.`, {
      hint: `Use another name, or run: muster context delete ${name}`,
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

/** `muster context current`: what commands use now, and what names it. */
export async function current(context: CommandContext): Promise<ExitCode> {
  const { environment, info, print } = context;
  const { endpoint, source } = await chosenEndpoint(context);
  const stored = await readEndpoints(environment, info);
  const name = stored.endpoints.find((one) => one.endpoint === endpoint)?.name;
  const format = context.option('output');
  if (isStructured(format)) {
    print(structured(defined({ name, endpoint, source }), format));
    return exitCodes.done;
  }
  print(`${name ?? endpoint}\n`);
  info(`Endpoint: ${endpoint} (${source})`);
  if (stored.current !== undefined && !source.startsWith('context '))
    info(`${source} overrides the current context, ${stored.current}.`);
  return exitCodes.done;
}

/** `muster context use NAME` */
export async function use(context: CommandContext): Promise<ExitCode> {
  const { positionals, environment, info } = context;
  const [given = ''] = positionals;
  const stored = await readEndpoints(environment, info);
  const { name, endpoint } = findContext(stored, given);
  if (name === undefined)
    throw new CliError(`${endpoint} has no name yet.`, {
      hint: `Run: muster context rename ${endpoint} ${freeName(stored, endpoint)}`,
    });
  await changeEndpoints(environment, info, ({ endpoints }) => ({ current: name, endpoints }));
  info(`The current context is ${name} (${endpoint}).`);
  warnOfVariable(context, endpoint);
  return exitCodes.done;
}

/** `muster context rename OLD NEW`: the endpoint, its trust and a sign-in to it stay. */
export async function rename(context: CommandContext): Promise<ExitCode> {
  const { positionals, environment, info } = context;
  const [old = '', name = ''] = positionals;
  vetName(name);
  await changeEndpoints(environment, info, ({ endpoints, current: active }) => {
    const renamed = findContext({ endpoints }, old);
    const taken = endpoints.find((one) => one.name === name);
    if (taken !== undefined && taken !== renamed)
      throw new CliError(`The context ${name} already exists. Its endpoint is ${taken.endpoint}.`, {
        hint: 'Use another name.',
      });
    const isActive = active !== undefined && active === renamed.name;
    return defined({
      current: isActive ? name : active,
      endpoints: endpoints.map((one) => (one === renamed ? { ...one, name } : one)),
    });
  });
  info(`Renamed ${old} to ${name}.`);
  return exitCodes.done;
}

/**
 * `muster context delete NAME`: the endpoint is no longer trusted. Also takes the address of one
 * without a name.
 */
export async function remove(context: CommandContext): Promise<ExitCode> {
  const { positionals, environment, info } = context;
  const [name = ''] = positionals;
  const removed = findContext(await readEndpoints(environment, info), name);
  await changeEndpoints(environment, info, (stored) => withoutEndpoint(stored, removed));
  info(
    `Removed ${name}. A sign-in to it is kept. To end it, run: muster auth logout --endpoint ${removed.endpoint}`,
  );
  return exitCodes.done;
}

/** Throws unless it can be typed without quotes, and is no address. */
function vetName(name: string): void {
  if (!/^[a-z\d][\w.-]{0,62}$/i.test(name))
    throw new CliError(`"${name}" is not a valid context name.`, {
      hint: 'Use letters, digits, dots, dashes and underscores, for example: prod',
    });
}

const sortedByName = ({ endpoints }: TrustedEndpoints): readonly TrustedEndpoint[] =>
  [...endpoints].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

/** Those without a name come last. */
const keyOf = ({ name, endpoint }: TrustedEndpoint): string =>
  name === undefined ? `1${endpoint}` : `0${name}`;

function warnOfVariable({ environment, info }: CommandContext, endpoint: string): void {
  const variable = endpointVariable(environment);
  if (variable !== undefined && environment[variable]?.replace(/\/+$/, '') !== endpoint)
    info(`Warning: ${variable} is set and overrides the current context.`);
}
