/**
 * Signs a persona in to the person's issuer as the command line would, and returns the ID token.
 * The nonce is the thumbprint of a machine's key.
 */
import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import { commandLineClient, type Issuer, type Persona } from '../../local/issuer.ts';
import { defined } from '../../functions/model/defined.ts';
import { browserOf } from './browser.ts';

const redirect = 'http://127.0.0.1:5511/callback';

export async function bearerFor(
  { url }: Pick<Issuer, 'url'>,
  persona: Persona,
  nonce?: string,
): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const address = new URL(`${url}/auth`);
  address.search = new URLSearchParams(
    defined({
      client_id: commandLineClient.client_id,
      response_type: 'code',
      redirect_uri: redirect,
      scope: 'openid profile email offline_access',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      nonce,
    }),
  ).toString();
  const landing = await browserOf(persona).visit(address, {
    stopAt: ({ port }) => port === '5511',
  });
  const body = new URLSearchParams({
    client_id: commandLineClient.client_id,
    grant_type: 'authorization_code',
    code: landing.url.searchParams.get('code') ?? '',
    redirect_uri: redirect,
    code_verifier: verifier,
  });
  const answer = await fetch(`${url}/token`, { method: 'POST', body });
  return z.object({ id_token: z.string() }).parse(await answer.json()).id_token;
}
