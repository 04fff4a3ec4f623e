/**
 * The sign-in of a person to muster: authorization code with PKCE (RFC 7636), state, and the
 * thumbprint of a new key as the nonce. The issuer signs that the sign-in belongs to this key.
 */
import { defined } from '../../../../functions/model/defined.ts';
import { isRecord } from '../../../../functions/model/json.ts';
import { type Answer, pageProblem } from './answers.ts';
import { newBrowserKey } from './browser-key.ts';
import { randomText, sha256 } from './pkce.ts';
import {
  type Failure,
  notOurs,
  removeCookie,
  type SessionPorts,
  type SignIn,
  type SignInResult,
  signInWith,
} from './resume.ts';
import { type MusterOutcome, safeAddress } from './returned-address.ts';
import type { StoredKeys } from './stored-keys.ts';
import { type TabStorage, tabStorage } from './tab-storage.ts';

/** Where the browser has to go next. */
export type Departure = { readonly kind: 'leave'; readonly address: string };

/** What the tab remembers until the browser comes back. */
export type AwaitedSignIn = {
  readonly state: string;
  readonly verifier: string;
  readonly thumbprint: string;
  /** The issuer refused the scopes once (`invalid_scope`). */
  readonly fewerScopes: boolean;
  /** Query and fragment of the page that the person left. */
  readonly back: string;
};

const slot = (): TabStorage => tabStorage('muster-live-sign-in');

/** Prepares a sign-in. Nothing stays if it fails. */
export async function startSignIn(
  ports: SessionPorts,
  { back, fewerScopes = false }: { readonly back: string; readonly fewerScopes?: boolean },
): Promise<Departure | Failure> {
  const { requests, keys } = ports;
  const key = await newBrowserKey();
  const { thumbprint } = key;
  const [state, verifier] = [randomText(), randomText()];
  const awaited: AwaitedSignIn = { state, verifier, thumbprint, fewerScopes, back };
  if (!(await keys.await(key)) || !slot().keep(awaited)) {
    await forget(keys, thumbprint);
    return storesNothing;
  }
  const body = {
    state,
    challenge: await sha256(verifier),
    nonce: thumbprint,
    ...(fewerScopes ? { fewerScopes } : {}),
  };
  const { answer } = await requests.send({ method: 'POST', path: '/v1/live/sign-in', body });
  const departure = departureIn(answer);
  if (departure.kind !== 'leave') await forget(keys, thumbprint);
  return departure;
}

async function forget(keys: StoredKeys, thumbprint: string): Promise<void> {
  slot().remove();
  await keys.remove(thumbprint);
}

/** Where an answer with `authorizationUrl` leads to. */
export function departureIn(answer: Answer): Departure | Failure {
  if (answer.kind === 'problem' && answer.status === 404 && answer.hint === undefined)
    return { ...answer, hint: 'Ask the operator of muster to set LIVE_PAGE=on.' };
  if (answer.kind !== 'ok') return answer;
  const { authorizationUrl } = isRecord(answer.body) ? answer.body : {};
  const address = safeAddress(authorizationUrl);
  if (address !== undefined) return { kind: 'leave', address };
  return typeof authorizationUrl === 'string' ? unsafeAddress : notOurs;
}

/** The sign-in that this tab waits for, once. Undefined: it waits for none with this state. */
export function takeAwaited(state: string): AwaitedSignIn | undefined {
  const found = slot().read();
  if (!isAwaited(found) || found.state !== state) return undefined;
  slot().remove();
  return found;
}

const isAwaited = (value: unknown): value is AwaitedSignIn =>
  isRecord(value) &&
  ['state', 'verifier', 'thumbprint', 'back'].every((name) => typeof value[name] === 'string') &&
  typeof value['fewerScopes'] === 'boolean';

/** Redeems what the browser brought back, and registers the key. */
export async function finishSignIn(
  ports: SessionPorts,
  { verifier, thumbprint, fewerScopes, back }: AwaitedSignIn,
  outcome: MusterOutcome,
): Promise<SignInResult | Departure> {
  const { requests, clock, keys } = ports;
  const key = await keys.awaited(thumbprint);
  await keys.remove(thumbprint);
  if (outcome.kind === 'refused')
    return outcome.error === 'invalid_scope' && !fewerScopes
      ? startSignIn(ports, { back, fewerScopes: true })
      : refusedBy(outcome);
  if (key === undefined) return storesNothing;
  const { code, iss } = outcome;
  const { answer, date } = await requests.send({
    method: 'POST',
    path: '/v1/live/sign-in/complete',
    body: { code, verifier, nonce: thumbprint, ...defined({ iss }) },
  });
  if (answer.kind !== 'ok') return answer;
  clock.correct(date);
  const result = await signInWith(ports, answer.body, key);
  const { idToken } = isRecord(answer.body) ? answer.body : {};
  const failure = result.kind === 'signedIn' ? await enroll(ports, result.signIn, idToken) : result;
  if (result.kind !== 'signedIn' || failure !== undefined) {
    // The cookie holds the new token already.
    await removeCookie(ports);
    return failure ?? result;
  }
  const { signIn } = result;
  const { owner, expiresAt } = signIn;
  const leftMs = expiresAt.getTime() - clock.now().getTime();
  await keys.oweCookie(false);
  const earlier = await keys.replace({ ...key, owner, endsAt: Date.now() + leftMs });
  if (earlier?.owner === owner) await removeKey(ports, signIn, earlier.thumbprint);
  return result;
}

/** Registers the key at the endpoint, with the ID token that was made for it. */
async function enroll(
  { requests }: SessionPorts,
  { token, signer }: SignIn,
  idToken: unknown,
): Promise<Failure | undefined> {
  const { answer } = await requests.prove(
    { method: 'POST', path: '/v1/me/key', body: { idToken } },
    { token, signer },
  );
  return answer.kind === 'ok' ? undefined : answer;
}

/** Removes a key at the endpoint. A failure does not matter: the endpoint forgets it by itself. */
export async function removeKey(
  { requests }: SessionPorts,
  { token, signer }: SignIn,
  thumbprint: string,
): Promise<void> {
  await requests.prove(
    { method: 'DELETE', path: `/v1/me/keys/${thumbprint}`, timeoutMs: 5_000 },
    { token, signer },
  );
}

const refusedBy = ({ error, description }: Extract<MusterOutcome, { kind: 'refused' }>): Failure =>
  pageProblem({
    title:
      error === 'access_denied'
        ? 'The issuer did not let you sign in to muster'
        : 'The issuer refused the sign-in to muster',
    detail: description ?? `The issuer reported ${error}.`,
    hint: 'Sign in again.',
  });

const storesNothing = pageProblem({
  title: 'This browser stores no key for this page',
  detail: 'A sign-in needs a key that stays while the browser is at the issuer.',
  hint: 'Allow this page to store data, or leave the private window. Then sign in again.',
});

const unsafeAddress = pageProblem({
  title: 'The address of the issuer was not opened',
  detail: 'It is neither https nor on this computer.',
  hint: 'Ask the operator of muster to check the address of the issuer.',
});
