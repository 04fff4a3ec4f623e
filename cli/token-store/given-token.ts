import { isRecord, parseJson } from '../../functions/model/json.ts';
import { defined } from '../../functions/model/defined.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { momentFromOutside } from '../../functions/model/outside-time.ts';
import { CliError, exitCodes } from '../context.ts';
import { age } from '../output/table.ts';
import type { Surroundings } from './config-folder.ts';
import type { Tokens } from './token-files.ts';

/** A token that a script brings: it is sent as it is, can only read, and is never stored. */
export const tokenVariable = 'MUSTER_TOKEN';

/**
 * The token of the environment, with what it says about itself; undefined where there is none. The
 * endpoint verifies it. Throws with exit code 2 for what no endpoint would accept.
 */
export function givenTokens(
  endpoint: string,
  environment: Surroundings,
  now: Date,
): Tokens | undefined {
  const token = environment[tokenVariable]?.trim();
  if (!token) return undefined;
  const [, payload = ''] = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token) ?? [];
  const claims = parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
  const { iss, aud, sub, email, name, exp } = isRecord(claims) ? claims : {};
  const expiresAt = momentFromOutside(exp, now);
  if (typeof iss !== 'string' || typeof sub !== 'string' || expiresAt === undefined)
    throw new CliError(`${tokenVariable} does not hold an ID token.`, {
      exitCode: exitCodes.signInRequired,
      hint: `Set it to a JWT that ${endpoint} accepts. ${orSignIn}`,
    });
  return defined({
    endpoint,
    issuer: oneLine(iss, 200),
    clientId: typeof aud === 'string' ? oneLine(aud, 200) : '',
    idToken: token,
    expiresAt,
    subject: oneLine(sub, 200),
    email: typeof email === 'string' ? oneLine(email, 200) : undefined,
    name: typeof name === 'string' ? oneLine(name, 200) : undefined,
  });
}

const orSignIn = `Or unset ${tokenVariable}, then run: muster auth login`;

/** The token of the environment is of no use. `problem` is for a line of its own. */
export class GivenTokenRefused extends CliError {
  readonly tokens: Tokens;
  readonly problem: string;

  constructor(tokens: Tokens, now: Date, refusal?: CliError) {
    const agoMs = now.getTime() - tokens.expiresAt.getTime();
    const problem =
      agoMs > 0
        ? `The token in ${tokenVariable} expired ${age(agoMs)} ago`
        : `${tokens.endpoint} refuses the token in ${tokenVariable}`;
    super(refusal === undefined || agoMs > 0 ? `${problem}.` : `${problem}. ${refusal.message}`, {
      exitCode: exitCodes.signInRequired,
      hint: `Set ${tokenVariable} to a new token. ${orSignIn}`,
    });
    this.tokens = tokens;
    this.problem = problem;
  }
}
