import { BlockList, isIP } from 'node:net';
import { type AddressRules, isExcepted } from '../../functions/model/proxy-exception.ts';
import { CliError } from '../context.ts';
import { isLoopback } from '../endpoint/web-address.ts';

/** A proxy between this machine and an address, and the variable that names it. */
export type Proxy = { readonly url: URL; readonly variable: string };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for an address by `https_proxy`, `all_proxy` and `no_proxy`, as curl and Go read them:
 * in small letters before capitals, a host in `no_proxy` with all its subdomains, with a port or
 * without, an address or a CIDR range, `*` for everything. http is spoken on this machine only, which
 * is never reached by a proxy. Throws where the variable has something that is no http proxy.
 */
export function proxyFor(target: URL, environment: Environment): Proxy | undefined {
  if (target.protocol !== 'https:' || isLoopback(target)) return undefined;
  const found = variableOf(['https_proxy', 'all_proxy'], environment);
  if (found === undefined) return undefined;
  const exceptions = variableOf(['no_proxy'], environment)?.value ?? '';
  const host = { hostname: target.hostname, port: Number(target.port || 443) };
  if (exceptions.split(/[\s,]+/).some((entry) => isExcepted(entry, host, addresses)))
    return undefined;
  const { variable, value } = found;
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new CliError(`${variable} is not the address of an http proxy.`, {
      hint: `Set ${variable} to an address of this kind: http://proxy.example.com:3128`,
    });
  return { url, variable };
}

function variableOf(
  names: readonly string[],
  environment: Environment,
): { readonly variable: string; readonly value: string } | undefined {
  for (const name of names)
    for (const variable of [name, name.toUpperCase()]) {
      const value = environment[variable]?.trim();
      if (value) return { variable, value };
    }
  return undefined;
}

const addresses: AddressRules = { isAddress: (text) => isIP(text) !== 0, isWithin };

function isWithin(host: string, range: string, bits: number): boolean {
  const family = isIP(range);
  if (family === 0 || isIP(host) !== family) return false;
  if (!(Number.isInteger(bits) && bits >= 0 && bits <= (family === 4 ? 32 : 128))) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(range, bits, kind);
  return list.check(host, kind);
}
