/** Flags that several commands take. */
import { notATimeSpan } from '../time-span.ts';
import type { Flag } from './command.ts';

const rowFormats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
const textFormats = ['text', 'json', 'yaml'] as const;

export const rowOutput: Flag = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  values: rowFormats,
  summary: 'Output format.',
};
export const textOutput: Flag = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  values: textFormats,
  summary: 'Output format.',
};
export const namespace: Flag = {
  name: 'namespace',
  short: 'n',
  value: 'NAMESPACE',
  problemOf: notANamespace,
  summary: 'Look only in this namespace. Default: all namespaces.',
};
export const noHeaders: Flag = { name: 'no-headers', summary: 'Omit the line of column names.' };
export const namespaceColumn: Flag = {
  name: 'all-namespaces',
  short: 'A',
  summary: 'Add a NAMESPACE column.',
};

/** RFC 1123 label, as Kubernetes names namespaces. */
function notANamespace(text: string): string | undefined {
  return /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/.test(text)
    ? undefined
    : `"${text}" is not a namespace. Use small letters, digits and dashes, such as team-a.`;
}

/** Flags that every command takes. A flag of a command comes before one with the same name here. */
export const globalFlags: readonly Flag[] = [
  {
    name: 'context',
    value: 'NAME',
    summary: 'Use the endpoint of this context.',
  },
  { name: 'debug', summary: 'Print each request on stderr, without secrets.' },
  {
    name: 'endpoint',
    value: 'URL',
    summary:
      'URL of the muster endpoint. Default: MUSTER_SERVERLESS_ENDPOINT, MUSTER_ENDPOINT, the current context.',
  },
  { name: 'help', short: 'h', summary: 'Show the help.' },
  { name: 'no-color', summary: 'Print no colors.' },
  { name: 'quiet', short: 'q', summary: 'Print only data and errors.' },
  {
    name: 'timeout',
    value: 'TIME',
    problemOf: notATimeSpan,
    summary: 'How long to wait for each response, such as 5s or 1m. Default: MUSTER_TIMEOUT, 15s.',
  },
  { name: 'version', short: 'v', summary: 'Show the version.' },
];
