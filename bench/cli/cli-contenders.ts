/** The commands that the part `cli` starts, one after the other. */
import { join } from 'node:path';
import type { Command } from './whole-process.ts';

/** Servers of the demo. */
export const few = 4;

/** `kubeconfig` is a file. */
export type Endpoint = { readonly url: string; readonly kubeconfig: string };

export type Setting = {
  readonly folder: string;
  readonly muster: string;
  /** With the servers of the demo, and with many. */
  readonly small: Endpoint;
  readonly large: Endpoint;
  readonly rounds: number;
  readonly warmUps: number;
  readonly servers: number;
};

/** What the rounds consist of, by a key. */
export type Contender = Command & {
  readonly key: string;
  /** It lists many servers. */
  readonly isLong?: true;
};

/** In the keys of another build. */
export const ofBaseline = ' (baseline)';
const node = process.execPath;

export function contendersIn(
  { folder, muster, small, large, servers }: Setting,
  kubectl: string | undefined,
): readonly Contender[] {
  const nobody = { XDG_CONFIG_HOME: join(folder, 'nobody') };
  const ada = { XDG_CONFIG_HOME: folder };
  const asking = (file: string, words: string, { url }: Endpoint, who: typeof ada) => ({
    command: [node, file, ...words.split(' ')] as const,
    environment: { MUSTER_SERVERLESS_ENDPOINT: url, ...who },
  });
  const smallest = ({ url }: Endpoint, count: number) => ({
    command: [node, '-e', smallestProgram, `${url}${pathOfList}`] as const,
    prints: new RegExp(`^${String(count)}$`),
  });
  const getting = (key: string, { kubeconfig }: Endpoint, count: number): Contender[] =>
    kubectl === undefined
      ? []
      : [
          {
            key,
            ...(count > few ? { isLong: true } : {}),
            command: [kubectl, 'get', 'mcpservers'],
            environment: { KUBECONFIG: kubeconfig },
            prints: tableOf(count),
          },
        ];
  const builds = [
    { mark: '', file: muster },
    ...(process.env['BASELINE'] ? [{ mark: ofBaseline, file: process.env['BASELINE'] }] : []),
  ];
  const list = 'list mcpserver';
  return [
    { key: 'bare', command: [node, '-e', '0'], prints: /^$/ },
    { key: 'smallest', ...smallest(small, few) },
    ...builds.flatMap(({ mark, file }): Contender[] => [
      { key: `version${mark}`, command: [node, file, '--version'], prints: /^muster \d/ },
      { key: `list${mark}`, ...asking(file, list, small, nobody), prints: tableOf(few) },
      { key: `signed in${mark}`, ...asking(file, list, small, ada), prints: /SESSION/ },
      {
        key: `status${mark}`,
        ...asking(file, 'auth status', small, ada),
        prints: /Authenticated as .*MCP Servers/s,
      },
    ]),
    ...getting('kubectl', small, few),
    { key: 'smallest many', isLong: true, ...smallest(large, servers) },
    ...builds.flatMap(({ mark, file }): Contender[] => [
      {
        key: `many${mark}`,
        isLong: true,
        ...asking(file, list, large, nobody),
        prints: tableOf(servers),
      },
    ]),
    ...getting('kubectl many', large, servers),
  ];
}

/** As the command line asks for a table. */
const pathOfList = '/v1/mcpservers?limit=5000&conditions=none';

const smallestProgram = `
  require('node:http').get(process.argv[1], { agent: false }, (answer) => {
    let text = '';
    answer.on('data', (chunk) => (text += chunk));
    answer.on('end', () => process.stdout.write(String(JSON.parse(text).items.length)));
  });`;

/** A line for each server below the names of the columns. */
const tableOf = (servers: number): RegExp => new RegExp(`^NAME(?:.*\\n){${String(servers + 1)}}$`);
