/**
 * The live page without a browser: what a script on it sends to the endpoint, with the cookies that
 * a browser would keep.
 */
import { createHash, randomBytes } from 'node:crypto';
import { defined } from '../../functions/model/defined.ts';
import {
  type LiveCompleteRequest,
  type LiveSignInRequest,
  liveSignInStartedSchema,
} from '../../functions/model/wire/live-wire.ts';
import type { Persona } from '../../local/issuer.ts';
import { browserOf } from './browser.ts';
import { aMachine } from './machine.ts';

/** Sends one request to the endpoint, by its path. */
export type Send = (path: string, init: RequestInit) => Promise<Response>;

/** A page with a new key. `site` is what the browser says about where its requests are from. */
export async function livePage(
  send: Send,
  site: Readonly<Record<string, string>> = { 'sec-fetch-site': 'same-origin' },
) {
  const machine = await aMachine();
  const [state, verifier] = [random(), random()];
  const nonce = machine.thumbprint;
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  let cookie: string | undefined;

  async function request(method: string, path: string, body?: object): Promise<Response> {
    const headers = defined({ ...site, cookie });
    const answer = await send(
      path,
      defined({ method, headers, body: body && JSON.stringify(body) }),
    );
    for (const line of answer.headers.getSetCookie())
      cookie = /; Max-Age=0(;|$)/.test(line) ? undefined : line.split(';')[0];
    return answer;
  }

  const start = (bent: object = {}) =>
    request('POST', '/v1/live/sign-in', { state, challenge, nonce, ...bent });

  /** Where the issuer leads the browser to, and with which parameters. */
  async function visit(persona: Persona, bent: Partial<LiveSignInRequest> = {}) {
    const { authorizationUrl } = liveSignInStartedSchema.parse(await (await start(bent)).json());
    const { url } = await browserOf(persona).visit(authorizationUrl, {
      stopAt: ({ pathname }) => pathname === '/live/',
    });
    const { code, iss } = Object.fromEntries(url.searchParams);
    return { url, answer: defined({ code: code ?? '', iss }) };
  }

  const complete = (
    answer: Pick<LiveCompleteRequest, 'code' | 'iss'>,
    bent: Partial<LiveCompleteRequest> = {},
  ) => request('POST', '/v1/live/sign-in/complete', { ...answer, verifier, nonce, ...bent });

  return {
    machine,
    state,
    verifier,
    nonce,
    start,
    visit,
    complete,
    signIn: async (persona: Persona) => complete((await visit(persona)).answer),
    resume: () => request('POST', '/v1/live/resume'),
    end: () => request('DELETE', '/v1/live/session'),
    cookie: () => cookie,
    /** As if another page, or another browser, had got it. */
    take: (other: string | undefined) => {
      cookie = other;
    },
  };
}

const random = (): string => randomBytes(32).toString('base64url');
