/**
 * What the HTTP transport says beside the message (revision 2026-07-28, Streamable HTTP): version,
 * method, name, and the arguments that a tool asks for in headers.
 */
import { defined } from '../../functions/model/defined.ts';
import { isRecord } from '../../functions/model/json.ts';
import type { ClientMessage } from './json-rpc.ts';

/** An argument that a tool asks for in a header. */
type HeaderArgument = { readonly path: readonly string[]; readonly name: string };

/** By name of the tool, from the last `tools/list`. */
export type HeaderArguments = Map<string, readonly HeaderArgument[]>;

/** The first revision without sessions. */
const firstStateless = '2026-07-28';

/** The revision that a request names itself; undefined for one of the older kind. */
export function statelessVersion(message: ClientMessage): string | undefined {
  if (message.kind === 'response') return undefined;
  const meta = message.params['_meta'];
  const version = isRecord(meta) ? meta['io.modelcontextprotocol/protocolVersion'] : undefined;
  return typeof version === 'string' && version >= firstStateless ? version : undefined;
}

/** The headers of a message of that revision. */
export function statelessHeaders(
  version: string,
  message: ClientMessage,
  tools: HeaderArguments,
): Readonly<Record<string, string>> {
  if (message.kind === 'response') return { 'mcp-protocol-version': version };
  const { method, params } = message;
  const named = params[namedBy.get(method) ?? ''];
  const tool = method === 'tools/call' ? tools.get(String(named)) : undefined;
  return defined({
    'mcp-protocol-version': version,
    'mcp-method': method,
    'mcp-name': typeof named === 'string' ? headerValue(named) : undefined,
    ...Object.fromEntries(
      (tool ?? []).flatMap(({ path, name }) => {
        const value = textOf(memberAt(params['arguments'], path));
        return value === undefined ? [] : [[`mcp-param-${name}`, headerValue(value)]];
      }),
    ),
  });
}

/** Which parameter `Mcp-Name` repeats. */
const namedBy: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** Remembers what the tools of a `tools/list` ask for in headers. */
export function noteTools(result: unknown, tools: HeaderArguments): void {
  const listed = isRecord(result) ? result['tools'] : undefined;
  for (const tool of Array.isArray(listed) ? listed : [])
    if (isRecord(tool) && typeof tool['name'] === 'string')
      tools.set(tool['name'], headerArguments(tool['inputSchema'], []));
}

/** Only what is reached through `properties` counts. */
function headerArguments(schema: unknown, path: readonly string[]): readonly HeaderArgument[] {
  if (!isRecord(schema)) return [];
  const name = schema['x-mcp-header'];
  const { properties } = schema;
  return [
    ...(typeof name === 'string' && isToken.test(name) ? [{ path, name }] : []),
    ...Object.entries(isRecord(properties) ? properties : {}).flatMap(([key, property]) =>
      headerArguments(property, [...path, key]),
    ),
  ];
}

/** RFC 9110, section 5.1. */
const isToken = /^[!#$%&'*+\-.^_`|~\w]+$/;

const memberAt = (from: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), from);

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
}

/** Plain where it is a plain header value, else its UTF-8 in base64, marked as such. */
const headerValue = (value: string): string =>
  /^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !value.startsWith('=?base64?')
    ? value
    : `=?base64?${Buffer.from(value).toString('base64')}?=`;
