/** Programs of others that do the same work in the same run, where the machine has them. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

type Program = {
  readonly label: string;
  /** Debian calls some of them differently. */
  readonly names: readonly string[];
  readonly versionArgs: readonly string[];
  readonly debianPackage: string;
};

export const programs = {
  kubectl: {
    label: 'kubectl',
    names: ['kubectl'],
    versionArgs: ['version', '--client'],
    debianPackage: 'kubernetes-client',
  },
  blackbox: {
    label: 'blackbox_exporter',
    names: ['prometheus-blackbox-exporter', 'blackbox_exporter'],
    versionArgs: ['--version'],
    debianPackage: 'prometheus-blackbox-exporter',
  },
} as const satisfies Readonly<Record<string, Program>>;

export type PeerProgram =
  /** `name` is the peer as the table shows it: `kubectl 1.32.4`. */
  | { readonly kind: 'found'; readonly command: string; readonly name: string }
  /** `how` is the line for `missing` of a result. */
  | { readonly kind: 'missing'; readonly how: string };

/** Looks for a program on the PATH. One that cannot tell its version is missing. */
export function peerProgram(
  which: keyof typeof programs,
  path: string = process.env['PATH'] ?? '',
): PeerProgram {
  const { label, names, versionArgs, debianPackage }: Program = programs[which];
  const command = findCommand(names, path);
  const version = command === undefined ? undefined : versionOf(command, versionArgs);
  if (command === undefined || version === undefined)
    return {
      kind: 'missing',
      how: `${label} is not installed (Debian: apt-get install -y ${debianPackage}).`,
    };
  return { kind: 'found', command, name: `${label} ${version}` };
}

/** The path of the first name that is a program in a folder of `path`. */
export function findCommand(
  names: readonly string[],
  path: string = process.env['PATH'] ?? '',
): string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The first three numbers of what it prints: `1.32.4`. */
function versionOf(command: string, args: readonly string[]): string | undefined {
  const { stdout, stderr, status } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 10_000,
  });
  if (status !== 0) return undefined;
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0];
}
