/**
 * Takes each permission of the functions away, one at a time, and prints which step fails.
 * `AWS_PERMISSIONS=1 npm run test:aws` runs it.
 */
import { expect, test } from 'vitest';
import { buildMuster, removeMuster } from '../cli/run.ts';
import { openContext } from './deployed-context.ts';
import { allSteps, installed } from './deployed-form.ts';
import { type Deployment, startDeployment } from './deployment.ts';
import { outboxSteps } from './outbox-steps.ts';
import { permissionsOf, without } from './permissions.ts';
import { tickNow } from './sweep-steps.ts';

const tools = installed();
const longestMs = 60 * 60_000;

test.skipIf(tools === undefined)(
  'which steps fail without each permission',
  async () => {
    if (tools === undefined) return;
    const muster = await buildMuster();
    const deployment = await startDeployment({
      ...tools,
      enforcesPolicies: true,
      front: 'function-url',
    });
    try {
      expect(await failingSteps(deployment, muster)).toEqual([]);
      console.error(
        '| function | permission | rows | first step that fails without it |\n|---|---|---|---|',
      );
      for (const permission of await permissionsOf(deployment))
        await without(deployment, permission, async () => {
          const [first = 'no step notices', ...more] = await failingSteps(deployment, muster);
          const { function: name, action, rows } = permission;
          const noticed = more.length === 0 ? first : `${first}, and ${more.length} more`;
          console.error(`| ${name} | \`${action}\` | ${rows.join(', ')} | ${noticed} |`);
        });
    } finally {
      await deployment.close();
      await removeMuster(muster);
    }
  },
  longestMs,
);

/** Titles of the steps that fail for a person at a machine that is new. */
async function failingSteps(deployment: Deployment, muster: string): Promise<readonly string[]> {
  const context = await openContext({ deployment, muster, tick: tickNow, patienceSeconds: 10 });
  await Promise.all([context.changes.purge(), context.deadLetters.purge()]);
  const failed: string[] = [];
  for (const { title, run } of [...allSteps, ...outboxSteps])
    if ((await run(context).catch(() => undefined))?.kind !== 'done') failed.push(title);
  await context.close();
  return failed;
}
