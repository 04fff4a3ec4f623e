/**
 * The nine cases of State and session: every cell is printed by the built command line and by the
 * cluster, for one server that answers and then stops, and for three people.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { handle } from 'hono/aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import { createApi } from '../../functions/api.ts';
import { defined } from '../../functions/model/defined.ts';
import { ada, grace, type Persona, startIssuer } from '../../local/issuer.ts';
import { type FunctionUrlHandler, startFunctionUrl } from '../../local/lambda.ts';
import { startMcpServer } from '../../local/mcp-servers.ts';
import { startWorld, type World } from '../../local/world.ts';
import { code, table } from '../../site/reference/markdown-pieces.ts';
import { show } from '../../site/src/explorer/cases.ts';
import { buildMuster, type Ended, removeMuster, runMuster } from '../cli/run.ts';
import { browserOf } from '../world/browser.ts';
import { aManifest } from '../world/manifest.ts';
import { isWriting, readPage, replaced, tableIn, writePage } from './pages.ts';

const login = '**`muster auth login`**';
const reason = '[See the reason.](#failed-first-step-at-3-am)';

/** What to do, in the order of the people. */
const rows: readonly { readonly server: string; readonly next: readonly string[] }[] = [
  {
    server: '**answers**, also with 401',
    next: ['**Use it.**', '**`muster auth login --server NAME`**', login],
  },
  {
    server: '**does not answer**, yet',
    next: ['Wait a minute.', 'Wait a minute.', 'Wait a minute.'],
  },
  { server: '**is down**', next: [`${reason} Your grant is kept.`, reason, reason] },
];

const people = ['signed in to this server', 'signed in to muster only', 'signed out of muster'];

/** What the three commands show of `server-a`. Absent: the command lists no servers. */
type Cells = {
  readonly kubectl: string;
  /** STATE, and SESSION where there is such a column. */
  readonly list: readonly string[];
  readonly status?: string;
};

const ending: (() => Promise<unknown>)[] = [];
let cells: readonly (readonly Cells[])[];
let withoutAnonymousList: readonly Ended[];

beforeAll(async () => {
  const muster = await buildMuster();
  const folder = await mkdtemp(join(tmpdir(), 'muster-cases-'));
  const issuer = await startIssuer();
  const server = await startMcpServer({ oauth: { issuer: issuer.url } });
  const servers = join(folder, 'servers.yaml');
  await writeFile(
    servers,
    stringify(aManifest({ spec: { type: 'streamable-http', url: server.url } })),
  );
  const world = await startWorld({ servers });
  let ofOwner: FunctionUrlHandler = async () => ({ statusCode: 503 });
  const deployed = await startFunctionUrl({ handler: (...call) => ofOwner(...call) });
  ending.push(
    () => removeMuster(muster),
    () => rm(folder, { recursive: true }),
    issuer.close,
    world.close,
    deployed.close,
  );
  // As on AWS, where the setting is off unless its owner sets it.
  const settings = { ...world.environment, ANONYMOUS_LIST: undefined, PUBLIC_URL: deployed.url };
  ofOwner = handle(createApi(settings));

  const as = async (name: string, persona?: Persona) => {
    const home = await mkdtemp(join(folder, `${name}-`));
    return (line: string, endpoint = world.url): Promise<Ended> =>
      runMuster(muster, line, {
        endpoint,
        home,
        onAddress: async (address) =>
          persona === undefined ? undefined : browserOf(persona).visit(address),
      });
  };
  const typists = [await as('ada', ada), await as('grace', grace), await as('guest')] as const;
  const [asAda, asGrace, asGuest] = typists;

  await world.sweep({ everything: true });
  for (const [type, line] of [
    [asAda, 'auth login'],
    [asAda, 'auth login --server server-a'],
    [asGrace, 'auth login'],
  ] as const) {
    const { code: exitCode, stderr } = await type(line);
    if (exitCode !== 0) throw new Error(`${line}: ${stderr}`);
  }
  const look = async (): Promise<readonly Cells[]> => {
    const kubectl = await kubectlStatus(world);
    return Promise.all(
      typists.map(async (type) => {
        const list = (await type('list mcpserver')).stdout;
        const status = statusIn((await type('auth status')).stdout);
        const listed = ['STATE', 'SESSION'].flatMap((header) => cellOf(list, header) ?? []);
        return defined({ kubectl, list: listed, status });
      }),
    );
  };
  const answers = await look();
  await server.close();
  await world.sweep({ everything: true });
  const yet = await look();
  await world.sweep({ everything: true });
  await world.sweep({ everything: true });
  cells = [answers, yet, await look()];
  withoutAnonymousList = await Promise.all(
    ['list mcpserver', 'auth status'].map((line) => asGuest(line, deployed.url)),
  );
}, 120_000);
afterAll(async () => {
  for (const end of ending.toReversed()) await end();
});

test('every cell of the nine cases is what the three commands print', async () => {
  const wanted = table(
    ['the server', ...people],
    rows.map(({ server, next }, row) =>
      [server].concat(next.map((step, person) => cellText(cells[row]?.[person], step))),
    ),
  ).replaceAll('&lt;br>', '<br>');
  const page = await readPage('state-and-session.md');
  const written = tableIn(page, 'cases');
  expect(written).toBeDefined();
  if (isWriting && written !== undefined)
    return writePage('state-and-session.md', replaced(page, written, wanted));
  expect(written?.text, 'npm run docs:write writes the cells into the page').toBe(wanted);
});

function cellText(seen: Cells | undefined, step: string): string {
  if (seen === undefined) throw new Error('A case was not seen.');
  const { kubectl, list, status } = seen;
  return [
    `kubectl: ${code(kubectl)}`,
    `list: ${list.map(code).join(' ')}`,
    `status: ${status === undefined ? 'no servers' : code(status)}`,
    step,
  ].join('<br>');
}

test('the explorer shows the same nine cases', () => {
  const shown = (
    [
      ['401', 1],
      ['refused', 1],
      ['refused', 3],
    ] as const
  ).map(([answer, times]) =>
    (['fresh', 'none', 'signed-out'] as const).map((signIn) => {
      const { state, sessionCell } = show({ answer, times, signIn, before: '401' });
      return [state, sessionCell].filter((cell) => cell !== undefined);
    }),
  );
  expect(shown).toEqual(cells.map((row) => row.map(({ list }) => list)));
});

test('signed out, where ANONYMOUS_LIST is off, there is no list at all', () => {
  const [list, status] = withoutAnonymousList;
  expect(list).toMatchObject({ code: 2, stdout: '' });
  expect(list?.stderr).toContain('You are not signed in to');
  expect(statusIn(status?.stdout ?? '')).toBeUndefined();
});

const tableSchema = z.object({
  columnDefinitions: z.array(z.object({ name: z.string() })),
  rows: z.array(z.object({ cells: z.array(z.unknown()) })),
});

/** The column STATUS of `kubectl get mcpservers`, from the table that kubectl prints. */
async function kubectlStatus({ environment }: World): Promise<string> {
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromString(environment['KUBECONFIG_YAML'] ?? '');
  const cluster = kubeconfig.getCurrentCluster()?.server ?? '';
  const response = await fetch(`${cluster}/apis/muster.giantswarm.io/v1alpha1/mcpservers`, {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  });
  const { columnDefinitions, rows: printed } = tableSchema.parse(await response.json());
  const column = columnDefinitions.findIndex(({ name }) => name === 'Status');
  return String(printed[0]?.cells[column]);
}

const cellsOf = (line: string | undefined): readonly string[] => line?.trim().split(/ {2,}/) ?? [];

/** The cell of `server-a` below a header. Undefined: there is no such column. */
function cellOf(printed: string, header: string): string | undefined {
  const [headers, row] = printed.split('\n');
  return cellsOf(row)[cellsOf(headers).indexOf(header)];
}

/** SESSION of `server-a` in `muster auth status`. Undefined: it lists no servers. */
const statusIn = (printed: string): string | undefined =>
  cellsOf(printed.split('\n').find((line) => line.startsWith('  server-a ')))[1];
