/** The sign-in of a person that this page holds: from its tokens, or from the cookie. */
import { defined } from '../../../../functions/model/defined.ts';
import { isRecord } from '../../../../functions/model/json.ts';
import { oneLine } from '../../../../functions/model/outside-text.ts';
import { type Answer, pageProblem } from './answers.ts';
import type { BrowserKey } from './browser-key.ts';
import type { EndpointClock } from './endpoint-clock.ts';
import type { Bearer, EndpointRequests } from './endpoint-requests.ts';
import { proofSigner } from './proof.ts';
import type { StoredKeys } from './stored-keys.ts';

/** In memory only. */
export type SignIn = Bearer & {
  readonly name: string;
  /** Issuer and subject. */
  readonly owner: string;
  readonly expiresAt: Date;
};

export type Failure = Exclude<Answer, { kind: 'ok' }>;
export type SignInResult = { readonly kind: 'signedIn'; readonly signIn: SignIn } | Failure;

export type SessionPorts = {
  readonly requests: EndpointRequests;
  readonly clock: EndpointClock;
  readonly keys: StoredKeys;
};

/** Undefined: nobody is signed in with this browser. */
export async function resumeSignIn(ports: SessionPorts): Promise<SignInResult | undefined> {
  const { requests, clock, keys } = ports;
  if (await keys.owesCookie()) {
    await removeCookie(ports);
    return undefined;
  }
  // Without a key that is in use there is nothing to resume, so nothing is asked.
  const before = await keys.current();
  if (before === undefined || before.endsAt <= Date.now()) return undefined;
  const { answer, date } = await requests.send({ method: 'POST', path: '/v1/live/resume' });
  if (answer.kind === 'problem' && answer.status === 401) {
    await keys.end(before.thumbprint);
    return undefined;
  }
  if (answer.kind !== 'ok') return answer;
  clock.correct(date);
  // Another tab may have signed in meanwhile.
  return signInWith(ports, answer.body, await keys.current());
}

/** Reads whose token it is. */
export async function signInWith(
  { requests, clock }: SessionPorts,
  body: unknown,
  key: BrowserKey | undefined,
): Promise<SignInResult> {
  const { token, expiresAt: ends } = isRecord(body) ? body : {};
  const expiresAt = new Date(typeof ends === 'string' ? ends : Number.NaN);
  if (typeof token !== 'string' || Number.isNaN(expiresAt.getTime())) return notOurs;
  const { answer } = await requests.send({ method: 'GET', path: '/v1/me' }, { token });
  if (answer.kind !== 'ok') return answer;
  const { subject, issuer, email, name } = isRecord(answer.body) ? answer.body : {};
  if (typeof subject !== 'string' || typeof issuer !== 'string') return notOurs;
  const shown = [email, name, subject].find((text) => typeof text === 'string') ?? subject;
  const signer = key === undefined ? undefined : proofSigner(key, clock.now);
  return {
    kind: 'signedIn',
    signIn: {
      token,
      expiresAt,
      owner: JSON.stringify([issuer, subject]),
      name: oneLine(shown, 200),
      ...defined({ signer }),
    },
  };
}

/** What could not be removed now is removed when the page is opened again. */
export async function removeCookie({ requests, keys }: SessionPorts): Promise<void> {
  const { answer } = await requests.send({
    method: 'DELETE',
    path: '/v1/live/session',
    timeoutMs: 5_000,
  });
  await keys.oweCookie(answer.kind !== 'ok');
}

export const notOurs = pageProblem({
  title: 'Unexpected response from the endpoint',
  detail: 'This page may be older or newer than the endpoint.',
  hint: 'Reload this page.',
});
