import { fileURLToPath } from 'node:url';
import type { StartOptions } from './start-options.ts';

// Not npx: on npm, muster is another package.
const command = fileURLToPath(new URL('../dist/muster.cjs', import.meta.url));

export type Invited = Pick<StartOptions, 'tickMs' | 'as'> & {
  /** Address of the endpoint. */
  readonly url: string;
  /** Whether the servers are those of the demo. */
  readonly isDemo: boolean;
  /** Of the embedded cluster: the file that leads to it. */
  readonly kubeconfig?: string;
  /** Where the sign-in of the person of the demo is stored. */
  readonly folder: string;
  /** Whether the site is built, and with it the live page. */
  readonly hasSite: boolean;
};

/** What `npm start` prints below its tables: what to type next, ready to copy. */
export function invitation(invited: Invited): string {
  const { url, tickMs, as, isDemo, kubeconfig, folder, hasSite } = invited;
  const always = [
    ['muster list mcpserver', 'shows STATE, and your SESSION after a sign-in'],
    ['muster auth login', 'signs you in to muster in your browser'],
    ['muster auth status', 'shows your sessions and what to do next'],
  ] as const;
  const ofDemo = [
    [
      'muster auth login --server server-b',
      'signs you in to one server: its STATE does not change',
    ],
    ['npm start -- --as grace', 'shows the list as grace sees it'],
  ] as const;
  const ofCluster = [['kubectl get mcpservers', 'shows STATE in the cluster']] as const;
  const lines = [
    ...always,
    ...(isDemo ? ofDemo : []),
    ...(kubeconfig === undefined ? [] : ofCluster),
  ];
  return [
    '',
    `muster sweeps every ${String(tickMs / 1000)} s and prints each change of STATE here. Press Ctrl-C to stop. In a second terminal, run:`,
    '',
    `  export MUSTER_SERVERLESS_ENDPOINT=${url}`,
    ...(kubeconfig === undefined ? [] : [`  export KUBECONFIG=${kubeconfig}`]),
    `  alias muster="'${command}'"`,
    ...lines.map(([typed, purpose]) => `  ${typed.padEnd(40)}${purpose}`),
    '',
    hasSite
      ? `Live page: ${url}/live/`
      : `The live page ${url}/live/ needs the site. To build it, run: npm run site:build`,
    ...(as === undefined
      ? []
      : [
          '',
          `The sign-in of ${as} ends with this command; yours is not changed. To use it: export XDG_CONFIG_HOME=${folder}`,
        ]),
    '',
  ].join('\n');
}
