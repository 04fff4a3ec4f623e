import { CliError, type CommandContext, exitCodes } from '../context.ts';
import { signedInEndpoints } from '../token-store/token-files.ts';
import { readEndpoints } from '../endpoint/trusted-endpoints.ts';
import { isLoopback } from '../endpoint/web-address.ts';

/** The person has no sign-in to this endpoint, perhaps one to another. */
export class NotSignedIn extends CliError {
  constructor(endpoint: string, elsewhere?: string) {
    super(`You are not signed in to ${endpoint}.`, {
      exitCode: exitCodes.signInRequired,
      hint: elsewhere === undefined ? signIn : `${elsewhere} ${signInHere}`,
    });
  }
}

const signIn = 'Run: muster auth login';
const signInHere = 'To sign in to this endpoint, run: muster auth login';

/** The error for this endpoint, with the other endpoints that the person is signed in to. */
export const notSignedIn = async (
  endpoint: string,
  context: Pick<CommandContext, 'environment' | 'info'>,
): Promise<NotSignedIn> => new NotSignedIn(endpoint, await signInsElsewhere(endpoint, context));

/** A sentence about them; undefined where there are none. */
export async function signInsElsewhere(
  endpoint: string,
  { environment, info }: Pick<CommandContext, 'environment' | 'info'>,
): Promise<string | undefined> {
  const others = (await signedInEndpoints(environment)).filter((other) => other !== endpoint);
  const twin = others.find((other) => isSamePlace(endpoint, other));
  if (twin !== undefined)
    return `You are signed in to ${twin}, which is the same port of this machine: use that address.`;
  const [first, ...more] = others;
  if (first === undefined) return undefined;
  const { endpoints } = await readEndpoints(environment, info);
  const name = endpoints.find((one) => one.endpoint === first)?.name;
  const flag = name === undefined ? `--endpoint ${first}` : `--context ${name}`;
  const count = more.length === 0 ? '' : ` and ${String(more.length)} more`;
  return `You are signed in to ${first}${count}: to use that, add ${flag}.`;
}

/** `localhost` and `127.0.0.1` are two addresses of one thing, each with a sign-in of its own. */
function isSamePlace(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)];
  return isLoopback(a) && isLoopback(b) && a.port === b.port && a.protocol === b.protocol;
}
