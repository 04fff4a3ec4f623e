import type { ArgumentReader } from './reader.ts';

const required = {
  AWS_REGION: 'the AWS region to deploy to. Add it to .env, for example AWS_REGION=eu-central-1',
  OIDC_ISSUER: 'the issuer where people sign in. Add it to .env: OIDC_ISSUER=https://...',
  OIDC_CLIENT_ID:
    'the client id of the muster command at that issuer. Add it to .env: OIDC_CLIENT_ID=...',
} as const;

/** Reports what no deployment can do without. */
export function checkRequired({ text, report }: ArgumentReader): void {
  for (const [name, meaning] of Object.entries(required))
    if (text(name) === undefined) report(`${name} is not set: ${meaning}`);
}
