import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readDeployment, StageError } from '../../deploy/environment.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deployment-'));
  await writeFile(
    join(folder, '.env'),
    'FLEET_SIZE=10\nNAMESPACE=all\nALARM_EMAIL="a@example.com"\n',
  );
  await writeFile(join(folder, '.env.production'), 'NAMESPACE=only\nFLEET_SIZE=20\n');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the file of the stage goes before .env, and the real environment before both', () => {
  vi.stubEnv('FLEET_SIZE', '30');
  const { environment } = readDeployment(['--stage', 'production'], folder);
  vi.unstubAllEnvs();
  expect(environment).toMatchObject({
    FLEET_SIZE: '30',
    NAMESPACE: 'only',
    ALARM_EMAIL: 'a@example.com',
  });
});

test('another stage does not read the file of this one', () => {
  expect(readDeployment(['--stage=dev'], folder).environment).toMatchObject({ NAMESPACE: 'all' });
});

test('a folder without files has the real environment only', () => {
  expect(readDeployment(['--stage', 'dev'], join(folder, 'none')).environment).toEqual(process.env);
});

test('the other arguments are kept in their order', () => {
  const given = ['set', '--stage', 'dev', 'TokenKeys'];
  expect(readDeployment(given, folder)).toMatchObject({
    stage: 'dev',
    rest: ['set', 'TokenKeys'],
  });
});

test.each([
  ['is missing', []],
  ['has no value', ['--stage']],
  ['is empty', ['--stage=']],
  ['would leave the folder', ['--stage', '../other']],
  ['is another flag', ['--stage', '--endpoint']],
])('a stage that %s is refused with an example', (_what, argv) => {
  expect(() => readDeployment(argv, folder)).toThrow(StageError);
  expect(() => readDeployment(argv, folder)).toThrow('for example: --stage production');
});
