import { type Context, Hono } from 'hono';
import { isRecord, parseJson } from '../model/json.ts';
import { enrollRequestSchema, type Keys, longestIdToken } from '../model/wire/person-wire.ts';
import { enrollmentProblem } from '../sessions/enrollment.ts';
import type { BearerResult } from '../sessions/person.ts';
import type { KeyStore } from '../sessions/ports.ts';
import { endOfProof } from '../sessions/proof.ts';
import type { TakeLimit } from '../sessions/rate-limits.ts';
import { issuerUnavailable, requirePerson, type Variables } from './bearer.ts';
import { problemResponse } from './problem.ts';
import { limitResponse } from './limited.ts';
import {
  badProof,
  noKey,
  type ProofPorts,
  readProof,
  reportRefusal,
  requireProof,
  usedBefore,
} from './require-proof.ts';

export type KeyPorts = ProofPorts &
  KeyStore & {
    /** Verifies an ID token for the command line, also where the endpoint takes access tokens. */
    readonly verifyIdToken: (token: string) => Promise<BearerResult>;
    readonly takeLimit: TakeLimit;
  };

/** The routes of a person's machine keys; the first request for one of them loads the ports. */
export function keyRoutes(load: () => Promise<KeyPorts>): Hono<{ Variables: Variables }> {
  const routes = new Hono<{ Variables: Variables }>();

  // The proof is by the key that is to be registered, so `requireProof` cannot know it yet.
  routes.post('/v1/me/key', requirePerson, async (context) => {
    const ports = await load();
    const { caller } = context.var;
    const proven = await readProof(context, ports);
    if (proven.kind !== 'signed') {
      reportRefusal(context, ports, proven.kind === 'absent' ? 'noKey' : 'invalid');
      return proven.kind === 'absent' ? noKey(context) : badProof(context, proven);
    }
    const sent = parseJson(await context.req.text());
    const body = enrollRequestSchema.safeParse(sent);
    if (!body.success) return isTooLarge(sent) ? tooLarge(context) : badBody(context);
    const signIn = await ports.verifyIdToken(body.data.idToken);
    if (signIn.kind === 'issuerUnavailable') return issuerUnavailable(context);
    const { thumbprint, id } = proven;
    const problem =
      signIn.kind === 'invalid'
        ? signIn.message
        : enrollmentProblem(thumbprint, signIn.caller, caller, ports.now());
    if (problem !== undefined) {
      reportRefusal(context, ports, 'notEnrolled');
      return refused(context, problem);
    }
    if (!(await ports.consumeProof(thumbprint, id, endOfProof(ports.now())))) {
      reportRefusal(context, ports, 'usedBefore');
      return badProof(context, usedBefore);
    }
    // Counted only for real sign-ins: a token that was seen cannot use up the limit of its person.
    const taken = await ports.takeLimit(caller.person, 'keyEnrollment');
    if (taken.kind !== 'allowed') return limitResponse(context, 'keyEnrollment', taken);
    const { issuer, subject } = caller.person;
    if (!(await ports.enrollKey({ issuer, subject }, thumbprint)))
      return refused(context, 'This key was removed.');
    ports.audit({ kind: 'keyEnrolled', person: { issuer, subject }, thumbprint });
    return context.body(null, 204);
  });

  routes.get('/v1/me/keys', requirePerson, async (context) => {
    const keys = await (await load()).listKeys(context.var.caller.person);
    return context.json<Keys>({
      items: keys.map(({ thumbprint, createdAt, lastUsedAt }) => ({
        thumbprint,
        createdAt: createdAt.toISOString(),
        lastUsedAt: lastUsedAt.toISOString(),
      })),
    });
  });

  routes.delete('/v1/me/keys/:thumbprint', requirePerson, requireProof(load), async (context) => {
    const { thumbprint } = context.req.param();
    const ports = await load();
    const { issuer, subject } = context.var.caller.person;
    if (!isThumbprint(thumbprint) || !(await ports.removeKey({ issuer, subject }, thumbprint)))
      return noSuchKey(context);
    ports.audit({ kind: 'keyRemoved', person: { issuer, subject }, thumbprint });
    return context.body(null, 204);
  });

  return routes;
}

/** SHA-256 in base64url: nothing else gets as far as the key of a row. */
const isThumbprint = (text: string): boolean => /^[\w-]{43}$/.test(text);

/** Where the endpoint takes access tokens, only this request carries the ID token with its groups. */
const isTooLarge = (body: unknown): boolean =>
  isRecord(body) && typeof body['idToken'] === 'string' && body['idToken'].length > longestIdToken;

const tooLarge = (context: Context): Response =>
  problemResponse(context, {
    problem: 'token-too-large',
    detail: `It has more than ${longestIdToken / 1_024} KB.`,
    hint: 'Ask the owner of the issuer to put fewer groups into the ID token.',
  });

const badBody = (context: Context): Response =>
  problemResponse(context, {
    problem: 'invalid-body',
    detail: 'idToken must be the ID token of the sign-in.',
    hint: 'See GET /v1/openapi.json for the fields of the body.',
  });

/** The command that registers a key is a sign-in: its own name would lead nowhere. */
const refused = (context: Context, detail: string): Response =>
  problemResponse(context, {
    problem: 'key-refused',
    detail,
    hint: 'Start a new sign-in.',
  });

const noSuchKey = (context: Context): Response =>
  problemResponse(context, {
    problem: 'no-such-key',
    detail: 'You have no registered key with this thumbprint.',
    hint: 'Run: muster auth keys',
  });
