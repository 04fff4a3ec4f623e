import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCommand, peerProgram } from '../../bench/peers.ts';

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-peers-'));
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  path = [one, other].join(delimiter);
  await Promise.all([one, other].map((name) => mkdir(name)));
  await program(join(other, 'blackbox_exporter'), 'echo blackbox_exporter, version 0.23.0 >&2');
  await program(join(one, 'kubectl'), 'exit 1');
  await writeFile(join(one, 'a-text'), 'not a program');
  await mkdir(join(one, 'a-folder'));
});

afterAll(() => rm(folder, { recursive: true }));

async function program(file: string, line: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${line}\n`);
  await chmod(file, 0o755);
}

test('a program is found under any of its names', () => {
  expect(findCommand(['prometheus-blackbox-exporter', 'blackbox_exporter'], path)).toBe(
    join(folder, 'other', 'blackbox_exporter'),
  );
});

test('a text and a folder are not programs', () => {
  expect(findCommand(['a-text', 'a-folder'], path)).toBeUndefined();
});

test('a program is shown with its version', () => {
  expect(peerProgram('blackbox', path)).toEqual({
    kind: 'found',
    command: join(folder, 'other', 'blackbox_exporter'),
    name: 'blackbox_exporter 0.23.0',
  });
});

test('a program that is not there is named with the way to install it', () => {
  expect(peerProgram('blackbox', folder)).toEqual({
    kind: 'missing',
    how: 'blackbox_exporter is not installed (Debian: apt-get install -y prometheus-blackbox-exporter).',
  });
});

test('a program that does not run counts as missing', () => {
  expect(peerProgram('kubectl', path)).toEqual({
    kind: 'missing',
    how: 'kubectl is not installed (Debian: apt-get install -y kubernetes-client).',
  });
});
