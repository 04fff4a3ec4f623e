/** ACCESS_REVIEW: a person sees the MCPServers that the cluster itself would let them get. */
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import * as z from 'zod/mini';

import type { LogLine } from '../model/log-line.ts';
import type { AccessSubject, Caller } from '../sessions/person.ts';
import type { Variables } from './bearer.ts';
import { problemResponse } from './problem.ts';
import { limitResponse } from './limited.ts';
import type { LimitRefusal, TakeLimit } from '../sessions/rate-limits.ts';
import { isNamespace } from './contract.ts';
import { noSuchServer, type serverPath } from './with-server.ts';
import { ClusterError } from '../model/cluster-error.ts';

export type AccessPorts = {
  readonly now: () => Date;
  /** Asks the cluster. Throws `ClusterError`. */
  readonly review: (subject: AccessSubject, namespace: string) => Promise<boolean>;
  readonly rules: AccessRules;
  readonly takeLimit: TakeLimit;
  readonly log: (line: LogLine) => void;
};

/** How claims become a name and groups; the settings ACCESS_*. */
export type AccessRules = {
  readonly usernameClaim: string;
  /** Undefined: `ISSUER#`, unless the claim is email. */
  readonly usernamePrefix?: string;
  readonly groupsClaim: string;
  readonly groupsPrefix: string;
};

/** Whether a person may see a namespace. When that is unknown, nothing is shown. */
export type AccessResult = { readonly kind: 'known'; readonly allowed: boolean } | AccessRefusal;

export type AccessRefusal =
  | { readonly kind: 'unknown'; readonly message: string }
  | { readonly kind: 'limited'; readonly refused: LimitRefusal };

/** An answer of the cluster about a person and a namespace is kept that long, a failure is not. */
const keptForMs = 60_000;

/**
 * Needs who asks, and the claims that name them for the cluster. A namespace that the cluster listed
 * exists. One that the caller named may be made up: asking the cluster about those is limited, and
 * alike for all of them, so that a refusal says nothing about the namespace.
 */
export type MaySee = (
  caller: Pick<Caller, 'person' | 'claims'>,
  namespace: string,
  source: 'listed' | 'named',
) => Promise<AccessResult>;

export function accessCheck({ now, review, rules, takeLimit, log }: AccessPorts): MaySee {
  const kept = new Map<
    string,
    { readonly until: number; readonly answer: Promise<AccessResult> }
  >();
  return async (caller, namespace, source) => {
    const subject = subjectOf(caller, rules);
    if (subject === undefined)
      return { kind: 'unknown', message: `Your token has no usable claim ${rules.usernameClaim}.` };
    const time = now().getTime();
    for (const [key, { until }] of kept) if (until <= time) kept.delete(key);
    const key = JSON.stringify([subject, namespace]);
    const known = kept.get(key);
    const isOpen = known !== undefined && isYes(await known.answer);
    // A closed namespace costs as much as one that does not exist, known or not: otherwise the
    // limit itself would distinguish them.
    if (source === 'named' && !isOpen) {
      const taken = await takeLimit(caller.person, 'accessReview');
      if (taken.kind !== 'allowed') return { kind: 'limited', refused: taken };
    }
    if (known !== undefined) return known.answer;
    const answer = ask();
    kept.set(key, { until: time + keptForMs, answer });
    const seen = await answer;
    if (seen.kind === 'unknown') kept.delete(key);
    return seen;

    async function ask(): Promise<AccessResult> {
      try {
        return {
          kind: 'known',
          allowed: subject !== undefined && (await review(subject, namespace)),
        };
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        log({
          level: 'error',
          message: 'access review failed',
          namespace,
          detail: error.message,
        });
        return { kind: 'unknown', message: 'The cluster did not answer the access review.' };
      }
    }
  };
}

const isYes = (result: AccessResult): boolean => result.kind === 'known' && result.allowed;

const groupsSchema = z.union([
  z.array(z.string()),
  z.pipe(
    z.string(),
    z.transform((group) => [group]),
  ),
]);

/**
 * As kube-apiserver does with --oidc-username-claim, --oidc-username-prefix, --oidc-groups-claim
 * and --oidc-groups-prefix.
 */
export function subjectOf(
  { person: { issuer }, claims }: Pick<Caller, 'person' | 'claims'>,
  rules: AccessRules,
): AccessSubject | undefined {
  const name = claims[rules.usernameClaim];
  if (typeof name !== 'string' || name === '') return undefined;
  // Stricter than the API server, which accepts an address without email_verified: at an issuer
  // with self-service, anyone can enter the address of somebody else.
  if (rules.usernameClaim === 'email' && claims['email_verified'] !== true) return undefined;
  const usual = rules.usernameClaim === 'email' ? '' : `${issuer}#`;
  const prefix = rules.usernamePrefix === '-' ? '' : (rules.usernamePrefix ?? usual);
  const groups = groupsSchema.safeParse(claims[rules.groupsClaim]).data ?? [];
  return {
    user: `${prefix}${name}`,
    groups: [...groups.map((group) => `${rules.groupsPrefix}${group}`), 'system:authenticated'],
  };
}

/** Before every route of one server: 404 for a person who may not see its namespace. */
export const accessGate = (maySee: MaySee) =>
  createMiddleware<{ Variables: Variables }, typeof serverPath>(async (context, next) => {
    const { namespace, name } = context.req.param();
    const { caller } = context.var;
    if (caller !== undefined) {
      if (!isNamespace(namespace)) return noSuchServer(context, { namespace, name });
      const seen = await maySee(caller, namespace, 'named');
      if (seen.kind !== 'known') return accessRefused(context, seen);
      if (!seen.allowed) return noSuchServer(context, { namespace, name });
    }
    await next();
    return undefined;
  });

export function accessRefused(context: Context, refusal: AccessRefusal): Response {
  switch (refusal.kind) {
    case 'unknown':
      return accessUnknown(context, refusal.message);
    case 'limited':
      return limitResponse(context, 'accessReview', refusal.refused);
  }
}

const accessUnknown = (context: Context, detail: string): Response =>
  problemResponse(
    context,
    {
      problem: 'access-unknown',
      detail,
      hint: 'Try again in a minute. If the error persists, ask the operator to check the logs of the api function and the settings ACCESS_*.',
    },
    { 'retry-after': '60' },
  );
