import { join } from 'node:path';
import { defined } from '../../functions/model/defined.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import { CliError } from '../context.ts';
import { configFolder, type Surroundings } from '../token-store/config-folder.ts';
import { readPrivate, writePrivate } from '../token-store/private-file.ts';
import { isLoopback } from './web-address.ts';

/** An endpoint that the person trusts with a sign-in at this issuer, for this client. */
export type TrustedEndpoint = {
  readonly endpoint: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Of the context. Absent: it was trusted by a version that gave no names. */
  readonly name?: string;
};

export type TrustedEndpoints = {
  /** Name of the current context. */
  readonly current?: string;
  readonly endpoints: readonly TrustedEndpoint[];
};

type Info = (line: string) => void;

const fileOf = (environment: Surroundings): string =>
  join(configFolder(environment), 'endpoints.json');

/** Empty where nothing was stored. Throws when the file holds something else. */
export async function readEndpoints(
  environment: Surroundings,
  warn: Info,
): Promise<TrustedEndpoints> {
  const file = fileOf(environment);
  const text = await readPrivate(file, warn);
  if (text === undefined) return { endpoints: [] };
  const stored = endpointsIn(parseJson(text));
  if (stored !== undefined) return stored;
  throw new CliError(`${file} does not hold the endpoints that you trust.`, {
    hint: `Remove it and add your endpoints again: rm ${file}`,
  });
}

/** Stores what `change` makes of the stored endpoints; one process at a time. */
export async function changeEndpoints(
  environment: Surroundings,
  info: Info,
  change: (stored: TrustedEndpoints) => TrustedEndpoints,
): Promise<TrustedEndpoints> {
  const file = fileOf(environment);
  const { withLock } = await import('../token-store/file-lock.ts');
  return withLock(
    file,
    async () => {
      const changed = change(await readEndpoints(environment, info));
      await writePrivate(file, `${JSON.stringify(changed, undefined, 2)}\n`);
      return changed;
    },
    { info },
  );
}

/**
 * With this endpoint, instead of what was known of it and of another one of its name. An endpoint
 * keeps its name; the first one with a name becomes current.
 */
export function withEndpoint(
  { current, endpoints }: TrustedEndpoints,
  added: TrustedEndpoint,
): TrustedEndpoints {
  const known = endpoints.find(({ endpoint }) => endpoint === added.endpoint);
  const name = added.name ?? known?.name;
  const others = endpoints.filter(
    (one) => one !== known && (name === undefined || one.name !== name),
  );
  const isCurrentGone = current !== undefined && current === known?.name && current !== name;
  return defined({
    current: isCurrentGone ? name : (current ?? name),
    endpoints: [...others, defined({ ...added, name })],
  });
}

export const withoutEndpoint = (
  { current, endpoints }: TrustedEndpoints,
  removed: TrustedEndpoint,
): TrustedEndpoints =>
  defined({
    current: current === removed.name ? undefined : current,
    endpoints: endpoints.filter(({ endpoint }) => endpoint !== removed.endpoint),
  });

/**
 * By its name, or by its address if that is given. Throws where there is none; `source` is
 * ` (VARIABLE)` where a variable named it.
 */
export function findContext(
  { endpoints }: TrustedEndpoints,
  name: string,
  source = '',
): TrustedEndpoint {
  const found =
    endpoints.find((one) => one.name === name) ??
    endpoints.find((one) => one.endpoint === name.replace(/\/+$/, ''));
  if (found !== undefined) return found;
  const names = endpoints.flatMap((one) => one.name ?? []);
  throw new CliError(`There is no context ${name}${source}.`, {
    hint:
      names.length === 0
        ? 'Run: muster context list'
        : `Your contexts are: ${names.sort().join(', ')}`,
  });
}

/** A name for an endpoint that has none: the first part of its host, which people recognize. */
export function freeName({ endpoints }: TrustedEndpoints, endpoint: string): string {
  const url = new URL(endpoint);
  const [first = ''] = url.hostname.split('.');
  const wanted = isLoopback(url) ? 'local' : /^[a-z][\w-]{0,59}$/i.test(first) ? first : 'muster';
  const taken = new Set(endpoints.map(({ name }) => name));
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}-${String(count)}`;
    if (!taken.has(name)) return name;
  }
}

function endpointsIn(json: unknown): TrustedEndpoints | undefined {
  if (!isRecord(json) || !Array.isArray(json['endpoints'])) return undefined;
  const stored: readonly unknown[] = json['endpoints'];
  const endpoints = stored.flatMap((one): readonly TrustedEndpoint[] => {
    if (!isRecord(one)) return [];
    const { endpoint, issuer, clientId, name } = one;
    return typeof endpoint === 'string' &&
      typeof issuer === 'string' &&
      typeof clientId === 'string'
      ? [defined({ endpoint, issuer, clientId, name: typeof name === 'string' ? name : undefined })]
      : [];
  });
  if (endpoints.length !== stored.length) return undefined;
  const { current } = json;
  return defined({ current: typeof current === 'string' ? current : undefined, endpoints });
}
