/**
 * A real kube-apiserver with its etcd on loopback, RBAC on: what `npm run test:cluster` runs
 * against.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import { stringify } from 'yaml';
import { createAuthority } from '../../local/certificates.ts';
import { listen } from '../../local/listen.ts';
import type { Assets } from './assets.ts';

export type ApiServer = {
  readonly url: string;
  readonly caPem: string;
  /** Of `system:masters`. */
  readonly adminToken: string;
  readonly kubeconfigFor: (token: string) => string;
  /** Where etcd serves its clients. */
  readonly etcdUrl: string;
  /** SIGKILL: connections break in mid-answer. */
  readonly kill: () => Promise<void>;
  /** The same port and the same etcd again. */
  readonly restart: () => Promise<void>;
  /** etcd stops answering for that long. */
  readonly freezeEtcd: (ms: number) => Promise<void>;
  /** Resident memory of the API server, in MB. */
  readonly memoryMb: () => Promise<number>;
  readonly close: () => Promise<void>;
};

/**
 * The token file: token, name, uid, groups. Everybody else comes in with a token that the API
 * server itself has made.
 */
const adminToken = 'admin-token';
const users = `${adminToken},admin,1,"system:masters"\n`;

export type ApiServerOptions = {
  /** Address that is asked whose a bearer is (TokenReview), as EKS asks its own. */
  readonly webhook?: string;
};

/** Starts etcd and kube-apiserver on free ports and waits until the API server is ready. */
export async function startApiServer(
  assets: Assets,
  { webhook }: ApiServerOptions = {},
): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-apiserver-'));
  const authority = await createAuthority();
  const { certPem, keyPem } = await authority.issue({ hosts: ['127.0.0.1'] });
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  });
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const [port, etcdPort, peerPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const url = `https://127.0.0.1:${port}`;
  const apiserverFlags = [
    `--etcd-servers=${etcdUrl}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    `--tls-cert-file=${await file('tls.crt', certPem)}`,
    `--tls-private-key-file=${await file('tls.key', keyPem)}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--authorization-mode=RBAC',
    '--anonymous-auth=false',
    `--token-auth-file=${await file('tokens.csv', users)}`,
    '--disable-admission-plugins=ServiceAccount',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${await file('sa.pub', publicKey)}`,
    `--service-account-signing-key-file=${await file('sa.key', privateKey)}`,
    ...(webhook === undefined
      ? []
      : [
          `--authentication-token-webhook-config-file=${await file('webhook.yaml', kubeconfigOf(webhook, authority.caPem, ''))}`,
          '--authentication-token-webhook-version=v1',
        ]),
  ];
  const etcd = start(assets.etcd, [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    '--unsafe-no-fsync=true',
    '--log-level=error',
  ]);
  const dispatcher = new Agent({ connect: { ca: authority.caPem } });
  const startServer = async (): Promise<ChildProcess> => {
    const child = start(assets.kubeApiserver, apiserverFlags);
    await untilReady(`${url}/readyz`, child, {
      dispatcher,
      headers: { authorization: `Bearer ${adminToken}` },
    });
    return child;
  };
  let server: ChildProcess;
  try {
    await untilReady(`${etcdUrl}/health`, etcd);
    server = await startServer();
  } catch (error) {
    await end(etcd);
    await rm(folder, { recursive: true });
    throw error;
  }
  return {
    url,
    caPem: authority.caPem,
    adminToken,
    etcdUrl,
    kubeconfigFor: (token) => kubeconfigOf(url, authority.caPem, token),
    kill: () => end(server),
    restart: async () => {
      server = await startServer();
    },
    freezeEtcd: async (ms) => {
      etcd.kill('SIGSTOP');
      await wait(ms);
      etcd.kill('SIGCONT');
    },
    memoryMb: async () => {
      const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    },
    close: async () => {
      await end(server);
      await end(etcd);
      await dispatcher.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const kubeconfigOf = (server: string, caPem: string, token: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') },
      },
    ],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'default' } }],
  });

/** What the field calls KUBEBUILDER_ATTACH_CONTROL_PLANE_OUTPUT shows the programs' own words. */
function start(program: string, flags: readonly string[]): ChildProcess {
  const stdio =
    process.env['KUBEBUILDER_ATTACH_CONTROL_PLANE_OUTPUT'] === 'true' ? 'inherit' : 'ignore';
  const child = spawn(program, flags, { stdio });
  const killed = (): void => void child.kill('SIGKILL');
  process.once('exit', killed);
  child.once('exit', () => process.off('exit', killed));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const readyWithinMs = 60_000;

async function untilReady(
  url: string,
  child: ChildProcess,
  init: Parameters<typeof fetch>[1] = {},
): Promise<void> {
  const until = Date.now() + readyWithinMs;
  while (Date.now() < until && child.exitCode === null) {
    const isReady = await fetch(url, init).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
    if (isReady) return;
    await wait(100);
  }
  await end(child);
  throw new Error(
    `${child.spawnfile} was not ready. KUBEBUILDER_ATTACH_CONTROL_PLANE_OUTPUT=true shows why.`,
  );
}

async function freePort(): Promise<number> {
  const { port, close } = await listen(createServer());
  await close();
  return port;
}
