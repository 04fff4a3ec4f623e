import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Audit, ProofRefusal } from '../model/audit-event.ts';
import type { Caller } from '../sessions/person.ts';
import type { KeyStore } from '../sessions/ports.ts';
import {
  endOfProof,
  type ProofMismatch,
  proofMismatch,
  type ProofReading,
} from '../sessions/proof.ts';
import { signInHint } from './sign-in-hint.ts';
import { problemResponse } from './problem.ts';

export type ProofPorts = Pick<KeyStore, 'getKey' | 'markKeyUsed' | 'consumeProof'> & {
  readonly now: () => Date;
  /** Address of the endpoint, without a slash at its end. */
  readonly publicUrl: string;
  /** Verifies the signature of a proof. */
  readonly readProof: (jwt: string) => Promise<ProofReading>;
  readonly audit: Audit;
};

/** Behind the proof, the key of the machine that asks is known. */
type Proven = { Variables: { caller: Caller; thumbprint: string } };
/** What is read of a request; it may be known already whose machine asks. */
type AskerContext = {
  readonly req: Context['req'];
  readonly var: { readonly caller: Caller };
};

/**
 * Lets only requests pass that the person's own machine made: they carry a fresh proof by a key
 * that was registered at sign-in (RFC 9449). A token alone can be replayed by everyone who saw it.
 * It is for routes behind `requirePerson` that change something, and goes before everything that
 * counts or looks up.
 */
export const requireProof = (load: () => Promise<ProofPorts>) =>
  createMiddleware<Proven>(async (context, next) => {
    const ports = await load();
    const proven = await readProof(context, ports);
    switch (proven.kind) {
      case 'absent':
        reportRefusal(context, ports, 'noKey');
        return noKey(context);
      case 'invalid':
        reportRefusal(context, ports, 'invalid');
        return badProof(context, proven);
      case 'signed': {
        const { person } = context.var.caller;
        const { thumbprint, id } = proven;
        const key = await ports.getKey(person, thumbprint);
        if (key === undefined) {
          reportRefusal(context, ports, 'unknownKey');
          return unknownKey(context);
        }
        const [isFirst] = await Promise.all([
          ports.consumeProof(thumbprint, id, endOfProof(ports.now())),
          ports.markKeyUsed(person, key),
        ]);
        if (!isFirst) {
          reportRefusal(context, ports, 'usedBefore');
          return badProof(context, usedBefore);
        }
        context.set('thumbprint', thumbprint);
        await next();
        return undefined;
      }
    }
  });

/** A line for the security log: a token is in other hands, or a machine is out of date. */
export function reportRefusal(
  context: AskerContext,
  { audit }: Pick<ProofPorts, 'audit'>,
  reason: ProofRefusal,
): void {
  const { issuer, subject } = context.var.caller.person;
  audit({ kind: 'proofRefused', person: { issuer, subject }, reason });
}

/** A proof for this very request, or why there is none. Whose key it is, is not known yet. */
export type ReadProof =
  | { readonly kind: 'absent' }
  | { readonly kind: 'signed'; readonly thumbprint: string; readonly id: string }
  | ({ readonly kind: 'invalid' } & ProofProblem);

type ProofProblem = { readonly detail: string; readonly hint: string };

export async function readProof(context: AskerContext, ports: ProofPorts): Promise<ReadProof> {
  const jwt = context.req.header('dpop');
  if (jwt === undefined) return { kind: 'absent' };
  const reading = await ports.readProof(jwt);
  if (reading.kind === 'unreadable')
    return { kind: 'invalid', detail: reading.message, hint: 'See GET /v1/openapi.json.' };
  const { method, url } = context.req;
  const address = new URL(ports.publicUrl + new URL(url).pathname);
  const tokenHash = createHash('sha256').update(context.var.caller.token).digest('base64url');
  const mismatch = proofMismatch(reading.proof, { method, address, tokenHash }, ports.now());
  if (mismatch !== undefined) return { kind: 'invalid', ...mismatches(ports.publicUrl)[mismatch] };
  const { thumbprint, id } = reading.proof;
  return { kind: 'signed', thumbprint, id };
}

const mismatches = (publicUrl: string): Readonly<Record<ProofMismatch, ProofProblem>> => ({
  method: { detail: 'The proof is for another method.', hint: again },
  address: {
    detail: `The proof is for another address. The address of this endpoint is ${publicUrl}.`,
    hint: `Set MUSTER_ENDPOINT to ${publicUrl}, then run: muster auth login`,
  },
  time: {
    detail: 'The proof was not made within the last minute.',
    hint: 'Check the clock of this machine, then try again.',
  },
  token: { detail: 'The proof is for another token.', hint: again },
});

const again = 'Try again.';

export const usedBefore: ProofProblem = { detail: 'The proof was used before.', hint: again };

/** 401, so that a client with a wrong clock knows that a new proof may help (RFC 9449, 7.1). */
export const badProof = (context: Context, problem: ProofProblem): Response =>
  problemResponse(
    context,
    { problem: 'invalid-proof', ...problem },
    { 'www-authenticate': 'DPoP error="invalid_dpop_proof", algs="ES256"' },
  );

/** The request has no proof: the sign-in is of a device, or of a client without keys. */
export const noKey = (context: Context): Response =>
  problemResponse(context, {
    problem: 'no-key',
    hint: signInHint(context),
  });

const unknownKey = (context: Context): Response =>
  problemResponse(context, {
    problem: 'unknown-key',
    detail: 'It was removed, or was not used for 90 days.',
    hint: signInHint(context),
  });
