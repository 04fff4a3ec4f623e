import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The folder a file is written into, what it imports, and whether the linter has to object. */
type Push = readonly [folder: string, specifier: string, verdict: 'caught' | 'allowed'];

const pushes: readonly Push[] = [
  ['functions', './wiring/cluster-client.ts', 'allowed'],
  ['functions', './adapters/mcp/probe.ts', 'allowed'],
  ['functions', '../cli/muster.ts', 'caught'],
  ['functions', '../local/world.ts', 'caught'],
  ['functions', '../infra/muster.ts', 'caught'],

  ['functions/model', './limits.ts', 'allowed'],
  ['functions/model', './wire/server-wire.ts', 'allowed'],
  ['functions/model/wire', '../limits.ts', 'allowed'],
  ['functions/model/wire', '../../sessions/row.ts', 'caught'],
  ['functions/model/wire', 'hono', 'caught'],
  ['functions/model', 'zod/mini', 'allowed'],
  ['functions/model', '../reachability/status.ts', 'caught'],
  ['functions/model', '../sessions/grant.ts', 'caught'],
  ['functions/model', '../settings.ts', 'caught'],
  ['functions/model', 'node:fs', 'caught'],

  ['functions/settings', '../model/setting-reader.ts', 'allowed'],
  ['functions/settings', '../settings.ts', 'caught'],
  ['functions/settings', '../adapters/parameter-store.ts', 'caught'],
  ['functions/settings', '../wiring/secrets.ts', 'caught'],
  ['functions/settings', '../sweep.ts', 'caught'],

  ['functions/reachability', './classify.ts', 'allowed'],
  ['functions/reachability', '../model/mcpserver.ts', 'allowed'],
  ['functions/reachability', 'p-limit', 'allowed'],
  ['functions/reachability', '../sessions/session.ts', 'caught'],
  ['functions/reachability', '../adapters/network/dns.ts', 'caught'],
  ['functions/reachability', '../adapters/eventbridge.ts', 'caught'],
  ['functions/reachability', '../routes/server-routes.ts', 'caught'],
  ['functions/reachability', '../wiring/bus-client.ts', 'caught'],
  ['functions/reachability', '../telemetry/metrics.ts', 'caught'],
  ['functions/reachability', '../sweep.ts', 'caught'],
  ['functions/reachability', '../a-new-file.ts', 'caught'],
  ['functions/reachability', 'crypto', 'caught'],
  ['functions/reachability', 'node:fs', 'caught'],
  ['functions/reachability', '@aws-lambda-powertools/logger', 'caught'],

  ['functions/sessions', './grant.ts', 'allowed'],
  ['functions/sessions', '../model/wire/server-wire.ts', 'allowed'],
  ['functions/sessions', '../reachability/status.ts', 'caught'],
  ['functions/sessions', '../routes/access.ts', 'caught'],
  ['functions/sessions', '../adapters/dynamodb/grant-store.ts', 'caught'],
  ['functions/sessions', '../wiring/table-client.ts', 'caught'],
  ['functions/sessions', '../settings.ts', 'caught'],
  ['functions/sessions', 'jose', 'caught'],
  ['functions/sessions', 'node:crypto', 'caught'],

  ['functions/routes', './problem.ts', 'allowed'],
  ['functions/routes', '../sessions/session.ts', 'allowed'],
  ['functions/routes', '../reachability/explain.ts', 'allowed'],
  ['functions/routes', 'hono', 'allowed'],
  ['functions/routes', '../adapters/oauth/bearer-verifier.ts', 'caught'],
  ['functions/routes', '../telemetry/log.ts', 'caught'],
  ['functions/routes', '../settings.ts', 'caught'],
  ['functions/routes', '../wiring/table-client.ts', 'caught'],

  ['functions/wiring', '../settings/secret-settings.ts', 'allowed'],
  ['functions/adapters', './network/http.ts', 'allowed'],
  ['functions/adapters', '../model/bus-events.ts', 'allowed'],
  ['functions/adapters', './cluster/apiserver.ts', 'caught'],
  ['functions/adapters', '../settings.ts', 'caught'],
  ['functions/adapters/mcp', '../network/guard.ts', 'allowed'],
  ['functions/adapters/mcp', '../../model/wire/server-wire.ts', 'allowed'],
  ['functions/adapters/mcp', 'undici', 'allowed'],
  ['functions/adapters/mcp', '../oauth/metadata.ts', 'caught'],
  ['functions/adapters/mcp', '../eventbridge.ts', 'caught'],
  ['functions/adapters/mcp', '../../reachability/classify.ts', 'caught'],
  ['functions/adapters/mcp', '../../settings.ts', 'caught'],
  ['functions/adapters/mcp', '../../../cli/muster.ts', 'caught'],
  ['functions/adapters/oauth', '../dynamodb/grant-store.ts', 'caught'],
  ['functions/adapters/oauth', '../../sessions/signin.ts', 'caught'],
  ['functions/adapters/dynamodb', '../cluster/lease.ts', 'caught'],
  ['functions/adapters/cluster', '../../routes/access.ts', 'caught'],

  ['functions/wiring', '../adapters/cluster/apiserver.ts', 'allowed'],
  ['functions/wiring', '../routes/session-routes.ts', 'allowed'],
  ['functions/wiring', '../api.ts', 'caught'],
  ['functions/wiring', '../../local/world.ts', 'caught'],
  ['functions/telemetry', '../reachability/sweep-page.ts', 'allowed'],
  ['functions/telemetry', '../sweep.ts', 'caught'],

  ['cli', '../functions/model/defined.ts', 'allowed'],
  ['cli', '../functions/wiring/table-client.ts', 'caught'],
  ['cli', '../functions/settings.ts', 'caught'],
  ['cli/commands', '../../functions/model/glossary.ts', 'allowed'],
  ['cli/commands', '../output/table.ts', 'allowed'],
  ['cli/commands', '../../functions/sessions/session.ts', 'caught'],
  ['cli/commands', '../../functions/telemetry/log.ts', 'caught'],
  ['cli/commands', '../../local/world.ts', 'caught'],
  ['cli/commands', '../../test/world/person.ts', 'caught'],
  ['cli/commands/list', '../../output/table.ts', 'allowed'],
  ['cli/commands/list', '../../../functions/model/glossary.ts', 'allowed'],
  ['cli/commands/list', '../../../functions/sessions/session.ts', 'caught'],
  ['cli/commands/list', '../../../local/world.ts', 'caught'],

  ['deploy', '../functions/adapters/eventbridge.ts', 'allowed'],
  ['deploy', '../infra/arguments.ts', 'allowed'],
  ['deploy', '../functions/reachability/status.ts', 'caught'],
  ['deploy', '../local/world.ts', 'caught'],
  ['deploy/check', './arguments.ts', 'allowed'],
  ['deploy/check', '../environment.ts', 'allowed'],
  ['deploy/check', '../../functions/model/defined.ts', 'allowed'],
  ['deploy/check', '../../functions/wiring/cluster-client.ts', 'allowed'],
  ['deploy/check', '../../functions/settings.ts', 'allowed'],
  ['deploy/check', '../../infra/arguments.ts', 'allowed'],
  ['deploy/check', '../../infra/arguments/cluster.ts', 'allowed'],
  ['deploy/check', '../../cli/auth/oidc-client.ts', 'allowed'],
  ['deploy/check', '../../functions/api.ts', 'caught'],
  ['deploy/check', '../../infra/muster.ts', 'caught'],
  ['deploy/check', '../../test/aws/ministack.ts', 'caught'],
  ['functions', '../deploy/environment.ts', 'caught'],
  ['functions/wiring', '../../deploy/environment.ts', 'caught'],
  ['cli', '../deploy/environment.ts', 'caught'],
  ['infra', '../deploy/environment.ts', 'caught'],

  ['bench', '../functions/model/defined.ts', 'allowed'],
  ['bench/probe', '../../functions/sweep.ts', 'allowed'],
  ['functions', '../bench/figures.ts', 'caught'],
  ['functions/adapters/mcp', '../../../bench/figures.ts', 'caught'],
  ['cli', '../bench/figures.ts', 'caught'],
  ['deploy', '../bench/figures.ts', 'caught'],
  ['infra', '../bench/figures.ts', 'caught'],
  ['site', '../bench/figures.ts', 'caught'],

  ['infra', '../functions/model/bus-events.ts', 'allowed'],
  ['infra', '../functions/settings.ts', 'caught'],
  ['infra', '../cli/muster.ts', 'caught'],
  ['infra/arguments', '../../functions/model/defined.ts', 'allowed'],
  ['infra/arguments', '../../functions/settings.ts', 'caught'],
  ['.', './infra/muster.ts', 'allowed'],
  ['.', './functions/settings.ts', 'caught'],

  ['site', '../functions/model/glossary.ts', 'allowed'],
  ['site', '../functions/sweep.ts', 'caught'],
  ['site', '../cli/api/request.ts', 'caught'],
  ['site/reference', '../../functions/routes/openapi.ts', 'allowed'],
  ['site/reference', '../../cli/commands/synopsis.ts', 'allowed'],
  ['site/reference', '../../cli/commands/list/list.ts', 'caught'],
  ['site/reference', '../../functions/settings.ts', 'caught'],
  ['site/reference', '../../functions/wiring/bus-client.ts', 'caught'],
  ['site/reference', '../../functions/adapters/network/dns.ts', 'caught'],
  ['site/src', '../../local/world.ts', 'caught'],
  ['site/src', '../../cli/near-names.ts', 'allowed'],
  ['site/src', '../../cli/context.ts', 'caught'],
  ['site/src/components', '../../../functions/sweep.ts', 'caught'],
  ['site/src/explorer', '../../../functions/reachability/classify.ts', 'allowed'],
  ['site/src/explorer', '../../../functions/sessions/session.ts', 'allowed'],
  ['site/src/explorer', '../../../cli/output/table.ts', 'allowed'],
  ['site/src/explorer', 'node:fs', 'caught'],
  ['site/src/explorer', '../../../functions/adapters/network/dns.ts', 'caught'],
  ['site/src/explorer', '../../../functions/routes/openapi.ts', 'caught'],
  ['site/src/explorer', '../../../functions/settings.ts', 'caught'],
  ['site/src/explorer', '../../../cli/api/request.ts', 'caught'],
  ['site/src/explorer', '../../../local/world.ts', 'caught'],
  ['site/src/live/session', './pkce.ts', 'allowed'],
  ['site/src/live/session', '../../../../functions/model/json.ts', 'allowed'],
  ['site/src/live/session', '../view/dom.ts', 'caught'],
  ['site/src/live/session', '../../../../functions/sessions/session.ts', 'caught'],
  ['site/src/live/session', '../../../../cli/api/guards.ts', 'caught'],
  ['site/src/live/session', 'jose', 'caught'],
  ['site/src/live/session', 'node:crypto', 'caught'],
  ['site/src/live/view', '../../../../functions/model/reason-facts.ts', 'allowed'],
  ['site/src/live/view', '../../../../cli/output/table.ts', 'allowed'],
  ['site/src/live/view', '../session/person-session.ts', 'allowed'],
  ['site/src/live/view', '../session/proof.ts', 'caught'],
  ['site/src/live/view', '../../../../cli/api/request.ts', 'caught'],
  ['site/src/live/view', '../../../../cli/output/waiting-line.ts', 'caught'],
  ['site/src/live/view', '../../../../functions/sessions/session.ts', 'caught'],
  ['site/src/live/view', 'node:fs', 'caught'],
];

const reportSchema = z.object({
  diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })),
});

/** sst.config.ts is a file of the root; everything else is a new file in its folder. */
const fileOf = ([folder]: Push, index: number): string =>
  folder === '.' ? 'sst.config.ts' : `${folder}/pushes-${index}.ts`;

let box: string;
let caught: ReadonlySet<string>;

/** Which of these files the linter objects to, with the repository's own rules. */
async function lint(files: ReadonlyMap<string, string>): Promise<ReadonlySet<string>> {
  const folder = await mkdtemp(join(box, 'tree-'));
  await cp(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  for (const [file, text] of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  const oxlint = join(root, 'node_modules/.bin/oxlint');
  const run = promisify(execFile)(oxlint, ['-c', '.oxlintrc.json', '-f', 'json', '.'], {
    cwd: folder,
    maxBuffer: 16 * 1024 * 1024,
  });
  // The linter ends with 1 where it objects; its report is on stdout either way.
  const { stdout } = await run.catch((error: unknown) =>
    z.object({ stdout: z.string() }).parse(error),
  );
  const { diagnostics } = reportSchema.parse(JSON.parse(stdout));
  return new Set(
    diagnostics
      .filter(({ code }) => code.includes('no-restricted-imports'))
      .map(({ filename }) => filename),
  );
}

beforeAll(async () => {
  box = await mkdtemp(join(tmpdir(), 'walls-'));
  const rows = pushes.map((push, index) => ({ push, file: fileOf(push, index) }));
  const text = ([, specifier]: Push) => `import '${specifier}';\n`;
  const own = rows.filter(({ push: [folder] }) => folder !== '.');
  const found = new Set(await lint(new Map(own.map(({ push, file }) => [file, text(push)]))));
  for (const [index, push] of pushes.entries()) {
    if (push[0] !== '.') continue;
    const objects = (await lint(new Map([['sst.config.ts', text(push)]]))).size > 0;
    if (objects) found.add(`${index}`);
  }
  caught = found;
}, 60_000);

afterAll(() => rm(box, { recursive: true, force: true }));

test.each(
  pushes.map(([folder, specifier, verdict], index) => [folder, specifier, verdict, index] as const),
)('from %s an import of %s is %s', (folder, _specifier, verdict, index) => {
  const key = folder === '.' ? `${index}` : `${folder}/pushes-${index}.ts`;
  expect(caught.has(key) ? 'caught' : 'allowed').toBe(verdict);
});

describe('what an adapter takes of a flow', () => {
  const file = 'functions/adapters/mcp/types.ts';
  const import_ = "'../../reachability/outcome.ts'";

  test('types are allowed', async () => {
    const text = `import type { A } from ${import_};\nimport { type B } from ${import_};\n`;
    expect([...(await lint(new Map([[file, text]])))]).toEqual([]);
  });

  test('values are caught', async () => {
    const text = `import { A } from ${import_};\n`;
    expect([...(await lint(new Map([[file, text]])))]).toEqual([file]);
  });
});
