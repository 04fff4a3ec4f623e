import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listenLocally, type Listening } from '../../local/listen.ts';
import { isMissing, projectFolder } from './deployed.ts';
import { copyProject, type Project } from './project.ts';

const sst = fileURLToPath(new URL('../../node_modules/.bin/sst', import.meta.url));

describe.skipIf(isMissing)('npx sst diff', () => {
  let project: Project;
  let home: string;
  let aws: Listening;
  let requests = 0;
  beforeEach(async () => {
    project = await copyProject(await realpath(join(projectFolder(), '.sst/platform')));
    home = await mkdtemp(join(tmpdir(), 'muster-home-'));
    requests = 0;
    aws = await listenLocally(
      createServer((_request, response) => {
        requests += 1;
        response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' }).end('{}');
      }),
      0,
    );
  });
  afterEach(async () => {
    await Promise.all([aws.close(), project.close(), rm(home, { recursive: true })]);
  });

  const run = (environment: Readonly<Record<string, string>>): Promise<string> =>
    new Promise((done) => {
      const { PATH = '' } = process.env;
      execFile(
        sst,
        ['diff', '--stage', 'production'],
        {
          cwd: project.folder,
          env: {
            PATH,
            HOME: home,
            SST_SKIP_DEPENDENCY_CHECK: '1',
            SST_NO_BUN: '1',
            SST_TELEMETRY_DISABLED: '1',
            AWS_ENDPOINT_URL: aws.url,
            AWS_ACCESS_KEY_ID: 'local',
            AWS_SECRET_ACCESS_KEY: 'local',
            ...environment,
          },
          timeout: 30_000,
          killSignal: 'SIGKILL',
        },
        (_error, stdout, stderr) => done(stdout + stderr),
      );
    });

  test('without AWS_REGION says so, and sends nothing to AWS', async () => {
    const said = await run({});
    expect(said).toContain('AWS_REGION is not set. Add it to .env, for example AWS_REGION=');
    expect(said.trim().split('\n')).toHaveLength(1);
    expect(requests).toBe(0);
  });

  test('with AWS_REGION asks AWS, and so would have made its buckets', async () => {
    await run({ AWS_REGION: 'eu-central-1' });
    expect(requests).toBeGreaterThan(0);
  });
});
