/** A kubeconfig as a function can use it: one context, with everything it needs inside. */
import { X509Certificate } from 'node:crypto';
import { decodeJwt, errors } from 'jose';
import { parse, stringify, YAMLParseError } from 'yaml';
import * as z from 'zod/mini';
import { connectCluster } from '../../functions/adapters/cluster/apiserver.ts';
import { ClusterError } from '../../functions/model/cluster-error.ts';
import { defined } from '../../functions/model/defined.ts';
import { loopbackHosts } from '../../functions/model/loopback-redirect.ts';
import type { Judged } from './judged-value.ts';

/** What is not named here is left out: extensions, preferences, other contexts. */
const clusterSchema = z.object({
  server: z.optional(z.string()),
  'certificate-authority': z.optional(z.string()),
  'certificate-authority-data': z.optional(z.string()),
  'insecure-skip-tls-verify': z.optional(z.boolean()),
  'tls-server-name': z.optional(z.string()),
  'proxy-url': z.optional(z.string()),
});
const userSchema = z.object({
  token: z.optional(z.string()),
  tokenFile: z.optional(z.string()),
  'client-certificate': z.optional(z.string()),
  'client-certificate-data': z.optional(z.string()),
  'client-key': z.optional(z.string()),
  'client-key-data': z.optional(z.string()),
  username: z.optional(z.string()),
  password: z.optional(z.string()),
  exec: z.optional(z.looseObject({ command: z.optional(z.string()) })),
  'auth-provider': z.optional(z.unknown()),
});
const contextSchema = z.object({ cluster: z.string(), user: z.string() });
const list = <Item extends z.ZodMiniType>(item: Item) => z._default(z.array(item), []);
const kubeconfigSchema = z.object({
  'current-context': z.optional(z.string()),
  contexts: list(z.object({ name: z.string(), context: contextSchema })),
  clusters: list(z.object({ name: z.string(), cluster: clusterSchema })),
  users: list(z.object({ name: z.string(), user: z.nullable(userSchema) })),
});
type Kubeconfig = z.infer<typeof kubeconfigSchema>;
type ClusterEntry = z.infer<typeof clusterSchema>;
type UserEntry = z.infer<typeof userSchema>;

export type KubeconfigPlace = {
  readonly stage: string;
  readonly now: Date;
  /** The functions run on this machine, not at AWS. */
  readonly isEmulated: boolean;
};

// Of a parameter of the tier Advanced.
const mostBytes = 8192;

/**
 * Keeps the current context, and refuses what no function can use: programs, files of this machine,
 * an address that only this machine has. No message quotes a credential.
 */
export function smallKubeconfig(text: string, place: KubeconfigPlace): Judged {
  const { stage } = place;
  const parsed = kubeconfigSchema.safeParse(parsedYaml(text));
  if (!parsed.success || parsed.data.clusters.length === 0)
    return refused('The text is not a kubeconfig.', `Run: ${minified(stage)}`);
  const chosen = currentOf(parsed.data);
  if (chosen === undefined) {
    const [first] = parsed.data.contexts;
    return refused(
      'The kubeconfig has no current context that names a cluster and a user.',
      first === undefined
        ? 'Add a context to it.'
        : `Choose one: kubectl config view --raw --minify --flatten --context ${first.name} | ${write(stage)}`,
    );
  }
  const problem =
    programOf(chosen.user) ?? filesOf(chosen, stage) ?? addressOf(chosen.cluster, place);
  if (problem !== undefined) return problem;
  if (!hasCredential(chosen.user))
    return refused('The kubeconfig has no token and no client certificate.', tokenHint);
  const yaml = stringify(kubeconfigWith(chosen), { lineWidth: 0 });
  const bytes = Buffer.byteLength(yaml);
  if (bytes > mostBytes)
    return refused(
      `The kubeconfig has ${bytes} bytes with its current context alone; a secret can have ${mostBytes}.`,
      tokenHint,
    );
  return accepted(yaml, chosen, parsed.data.contexts.length, place.now);
}

const tokenHint =
  'Use the token of the ServiceAccount muster-sweep: docs/cluster-access.md has the commands.';
const write = (stage: string): string => `npm run secret -- set Kubeconfig --stage ${stage}`;
const minified = (stage: string): string =>
  `kubectl config view --raw --minify --flatten | ${write(stage)}`;
const refused = (problem: string, hint: string): Judged => ({ kind: 'refused', problem, hint });

type Chosen = {
  readonly name: string;
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
};

function currentOf({
  'current-context': current,
  contexts,
  clusters,
  users,
}: Kubeconfig): Chosen | undefined {
  const only = contexts.length === 1 ? contexts[0] : undefined;
  const found = current ? contexts.find(({ name }) => name === current) : only;
  const cluster = clusters.find(({ name }) => name === found?.context.cluster)?.cluster;
  const user = users.find(({ name }) => name === found?.context.user)?.user;
  return found !== undefined && cluster !== undefined && user
    ? { name: found.name, cluster, user }
    : undefined;
}

function programOf({ exec, 'auth-provider': provider }: UserEntry): Judged | undefined {
  if (exec !== undefined)
    return refused(
      `The kubeconfig gets its token from the program ${exec.command ?? 'of its exec plugin'}, which no function has.`,
      tokenHint,
    );
  return provider === undefined
    ? undefined
    : refused('The kubeconfig has an auth-provider, which no function has.', tokenHint);
}

function filesOf({ cluster, user }: Chosen, stage: string): Judged | undefined {
  const named = defined({
    'certificate-authority': cluster['certificate-authority'],
    'client-certificate': user['client-certificate'],
    'client-key': user['client-key'],
  });
  if (user.tokenFile !== undefined)
    return refused('The kubeconfig names the file of a token (tokenFile).', tokenHint);
  const files = Object.keys(named);
  return files.length === 0
    ? undefined
    : refused(
        `The kubeconfig names files of this machine: ${files.join(', ')}.`,
        `Put their content into it: ${minified(stage)}`,
      );
}

function addressOf(
  { server, 'proxy-url': proxy }: ClusterEntry,
  { isEmulated }: KubeconfigPlace,
): Judged | undefined {
  const address = URL.parse(server ?? '');
  if (address === null) return refused('The kubeconfig has no server.', tokenHint);
  const isHere = [address.hostname, URL.parse(proxy ?? '')?.hostname].some(
    (host) => host !== undefined && loopbackHosts.has(host),
  );
  return isHere && !isEmulated
    ? refused(
        `The kubeconfig names ${address.host}, which is this machine. No function at AWS reaches it.`,
        'Use the address by which AWS reaches the API server: docs/cluster-access.md says how.',
      )
    : undefined;
}

const hasCredential = (user: UserEntry): boolean =>
  Boolean(user.token) ||
  Boolean(user['client-certificate-data'] && user['client-key-data']) ||
  Boolean(user.username && user.password);

const kubeconfigWith = ({ name, cluster, user }: Chosen): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': name,
  contexts: [{ name, context: { cluster: name, user: name } }],
  clusters: [{ name, cluster }],
  users: [{ name, user }],
});

/** The reader of the functions has the last word. */
function accepted(yaml: string, { name, user }: Chosen, contexts: number, now: Date): Judged {
  try {
    connectCluster({ kubeconfig: yaml });
  } catch (error) {
    if (error instanceof ClusterError)
      return refused(error.message, 'Correct it, and run the command again.');
    throw error;
  }
  const ends = endOf(user);
  if (ends !== undefined && ends <= now)
    return refused(`The credential in the kubeconfig expired on ${dateOf(ends)}.`, tokenHint);
  const remarks = [
    ...(contexts > 1 ? [`Kept the context ${name}, one of ${contexts}.`] : []),
    ...(ends === undefined
      ? []
      : [
          `The credential expires on ${dateOf(ends)}. Write a new one before. ${tokenHint.replace(/^Use/, 'One that does not expire is')}`,
        ]),
  ];
  return { kind: 'accepted', value: yaml, remarks };
}

const dateOf = (time: Date): string => time.toISOString().slice(0, 10);

/** Of the token, or of the client certificate. A token that is no JWT does not say when it ends. */
function endOf({ token, 'client-certificate-data': certificate }: UserEntry): Date | undefined {
  try {
    if (!token) return certificate ? validTo(certificate) : undefined;
    const { exp } = decodeJwt(token);
    return exp === undefined ? undefined : new Date(exp * 1000);
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return undefined;
    throw error;
  }
}

function validTo(base64: string): Date | undefined {
  const pem = Buffer.from(base64, 'base64').toString();
  return pem.includes('BEGIN CERTIFICATE') ? new X509Certificate(pem).validToDate : undefined;
}

function parsedYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof YAMLParseError) return undefined;
    throw error;
  }
}
