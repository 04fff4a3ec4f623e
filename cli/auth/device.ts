import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../../functions/model/wire/person-wire.ts';
import { tokensFrom } from '../token-store/claims.ts';
import { exitCodes, CliError } from '../context.ts';
import { askForTokens, type GrantResult, type Issuer, ScopeRefused } from './oidc-client.ts';
import { isRecord } from '../../functions/model/json.ts';
import { exchange } from '../api/request.ts';
import type { Tokens } from '../token-store/token-files.ts';
import { patienceMs } from './loopback.ts';
import { openable } from '../endpoint/web-address.ts';
import { vetted } from './browser.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { spanFromOutside } from '../../functions/model/outside-time.ts';

export type DeviceSignIn = {
  readonly endpoint: string;
  readonly info: (line: string) => void;
  readonly instruct: (line: string) => void;
  readonly interrupted: AbortSignal;
  readonly now: () => Date;
};

/**
 * Device authorization (RFC 8628): the person enters a code in a browser anywhere. Throws with exit
 * code 3 when it fails.
 */
export async function byDevice(
  issuer: Issuer,
  { clientId, publicClientSecret, scopes, parameters, resource }: Config,
  { endpoint, info, instruct, interrupted, now }: DeviceSignIn,
): Promise<Tokens> {
  const { deviceEndpoint: url } = issuer;
  if (url === undefined)
    throw new CliError(`${issuer.issuer} does not support sign-in on another device.`, {
      exitCode: exitCodes.signInFailed,
      hint: 'Run: muster auth login',
    });
  const audience = resource === undefined ? {} : { resource };
  const { status, body: offer } = await exchange({
    method: 'POST',
    url,
    body: new URLSearchParams({
      ...parameters,
      client_id: clientId,
      scope: scopes.join(' '),
      ...audience,
    }),
  });
  if (isScopeRefusal(offer)) throw new ScopeRefused(issuer.issuer);
  if (status !== 200) throw failed(`${issuer.issuer} responded with HTTP ${String(status)}`);
  if (!isOffer(offer)) throw failed(`${issuer.issuer} returned no device code`);
  // The code is on a line of its own, so that the person can compare it on both devices.
  const address = openable(
    vetted(offer.verification_uri_complete ?? offer.verification_uri, issuer.issuer),
  );
  instruct(
    `Open this address on any device:\n\n  ${address}\n\nIt asks for this code: ${oneLine(offer.user_code, 40)}\n`,
  );
  const until = now().getTime() + Math.min(spanFromOutside(offer.expires_in) ?? 0, longestMs);
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: offer.device_code,
    ...audience,
  };
  const remindAt = now().getTime() + reminderMs;
  let isReminded = false;
  for (let seconds = paceOf(offer.interval); now().getTime() < until; ) {
    await wait(seconds * 1000, undefined, { signal: interrupted });
    if (!isReminded && now().getTime() >= remindAt) {
      isReminded = true;
      info('Still waiting for the code to be entered. To stop, press Ctrl-C.');
    }
    const answer = await askForTokens(issuer, { clientId, publicClientSecret }, form).catch(
      onlyUnavailable,
    );
    if (answer?.kind === 'granted')
      return tokensFrom(answer, {
        endpoint,
        issuer: issuer.issuer,
        clientId,
        publicClientSecret,
        resource,
        now: now(),
      });
    if (isScopeRefusal(answer)) throw new ScopeRefused(issuer.issuer);
    if (answer?.error === 'slow_down') seconds += 5;
    else if (answer !== undefined && answer.error !== 'authorization_pending')
      throw failed(`${issuer.issuer} refused the sign-in: ${answer.error}`);
  }
  throw failed('The code was not entered in time');
}

/** No wait is longer without a word. */
const reminderMs = 60_000;

/** Half an hour: codes of issuers live for 5 to 30 minutes. */
const longestMs = 3 * patienceMs;

/** Seconds between two questions; an issuer can neither have us ask without a break nor hang. */
const paceOf = (interval: number | undefined): number =>
  interval === undefined || Number.isNaN(interval) ? 5 : Math.min(60, Math.max(1, interval));

/** RFC 8628, section 3.2. */
type Offer = {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete?: string;
  readonly expires_in: number;
  readonly interval?: number;
};

const isOffer = (value: unknown): value is Offer =>
  isRecord(value) &&
  ['device_code', 'user_code', 'verification_uri'].every(
    (name) => typeof value[name] === 'string',
  ) &&
  typeof value['expires_in'] === 'number' &&
  ['undefined', 'number'].includes(typeof value['interval']) &&
  ['undefined', 'string'].includes(typeof value['verification_uri_complete']);

/** RFC 6749, sections 4.1.2.1 and 5.2. */
const isScopeRefusal = (answer: unknown): boolean =>
  isRecord(answer) && answer['error'] === 'invalid_scope';

/** An issuer that is unavailable for a moment is asked again. */
function onlyUnavailable(error: unknown): GrantResult | undefined {
  if (error instanceof CliError) return undefined;
  throw error;
}

const failed = (message: string): CliError =>
  new CliError(`${message}.`, {
    exitCode: exitCodes.signInFailed,
    hint: 'Try again.',
  });
