/** The flags of `muster list mcpserver`. */
import { notATimeSpan } from '../../time-span.ts';
import type { Flag } from '../command.ts';
import { namespace, namespaceColumn, noHeaders, rowOutput } from '../flags.ts';

export const listFlags: readonly Flag[] = [
  namespace,
  namespaceColumn,
  {
    name: 'selector',
    short: 'l',
    value: 'LABELS',
    summary: 'Only servers with these labels, as with kubectl: team=search,tier!=test.',
  },
  {
    name: 'state',
    value: 'STATES',
    offers: ['Connected', 'Connecting', 'Failed', 'none'],
    summary:
      'Only servers in these states: Connected, Connecting, Failed, or none if never probed.',
  },
  {
    name: 'session',
    value: 'SESSIONS',
    offers: ['authenticated', 'pending-auth', 'expired', 'none'],
    summary: 'Only these sessions of yours: authenticated, pending-auth, expired, none.',
  },
  {
    name: 'type',
    value: 'TYPES',
    offers: ['streamable-http', 'sse', 'stdio'],
    summary: 'Only servers of these types: streamable-http, sse, stdio.',
  },
  {
    name: 'needs',
    value: 'NEEDS',
    offers: ['sign-in', 'repair'],
    summary:
      'Only servers that need your sign-in, or repair: unreachable ones, and what is no MCP server.',
  },
  {
    name: 'sort-by',
    value: 'KEY',
    offers: ['name', 'state', 'session', 'type', 'since', 'expires', 'reason'],
    summary:
      'Sort by name, state, session, type, since, expires or reason. What needs you, and the latest change, come first. Default: by namespace, then name.',
  },
  {
    name: 'limit',
    value: 'COUNT',
    problemOf: (value) =>
      /^[1-9]\d{0,5}$/.test(value) ? undefined : `"${value}" is not a number from 1 to 999999.`,
    summary: 'Print at most so many servers.',
  },
  {
    name: 'columns',
    value: 'NAMES',
    offers: ['namespace', 'name', 'state', 'session', 'type', 'since', 'expires', 'reason', 'url'],
    summary: 'Print these columns, such as name,state,since,url. Every field of the JSON has one.',
  },
  { name: 'watch', short: 'w', summary: 'Stay, and show every change. Ctrl-C ends it.' },
  {
    name: 'interval',
    value: 'TIME',
    problemOf: notATimeSpan,
    summary: 'With --watch: how often to ask. Default: 10s; at least 1s.',
  },
  rowOutput,
  noHeaders,
];
