import type { Row } from '../functions/wire.ts';
import { isFresh } from './bearer.ts';
import { hasScreen } from './browser.ts';
import type { Call } from './commands.ts';
import { connect, connectAsPerson, whoIs } from './connect.ts';
import { endpointOf } from './endpoint.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import { logIn } from './login.ts';
import { isStructured, structured } from './output.ts';
import { request, RequestFailure } from './request.ts';
import { findServer, listServers, serverUrl } from './servers.ts';
import { signIn } from './signin.ts';
import { serverText, statusText, wantsSignIn } from './status.ts';
import { sorted } from './table.ts';
import { forgetTokens, readTokens, type Tokens } from './tokens.ts';

/** `muster auth login` */
export async function login(call: Call): Promise<ExitCode> {
  const name = call.text('server');
  const noBrowser = call.isSet('no-browser');
  const browser = !noBrowser && call.isInteractive() && hasScreen(call.environment);
  const { tell, now, environment } = call;
  if (name === undefined) {
    const endpoint = endpointOf(call.text('endpoint'), environment);
    const tokens = await logIn({ endpoint, environment, browser, tell, now });
    tell(`Signed in to ${endpoint} as ${whoIs(tokens)}.`);
    return exitCodes.done;
  }
  const connection = await connectAsPerson(call);
  const server = await findServer(connection, name);
  await signIn({ connection, server, browser, typed: noBrowser, tell });
  tell(`Signed in to ${server.namespace}/${server.name}.`);
  return exitCodes.done;
}

/** `muster auth logout`: what is forgotten at the Function URL is forgotten there first; with the network down nothing is. */
export async function logout(call: Call): Promise<ExitCode> {
  const name = call.text('server');
  const endpoint = endpointOf(call.text('endpoint'), call.environment);
  if (name !== undefined) {
    if (call.isSet('all')) throw new Failure('--server and --all exclude each other.');
    const connection = await connectAsPerson(call);
    const server = await findServer(connection, name);
    await request({ method: 'DELETE', url: `${serverUrl(endpoint, server)}/session`, bearer: connection.bearer });
    call.tell(`Signed out of ${server.namespace}/${server.name}.`);
    return exitCodes.done;
  }
  if (call.isSet('all')) {
    const { bearer } = await connectAsPerson(call);
    await request({ method: 'DELETE', url: `${endpoint}/v1/sessions`, bearer });
    call.tell('Signed out of all MCP servers.');
  }
  const was = await forgetTokens(endpoint, call.environment);
  call.tell(was ? `Signed out of ${endpoint}.` : `You were not signed in to ${endpoint}.`);
  return exitCodes.done;
}

/** `muster auth whoami` */
export async function whoami(call: Call): Promise<ExitCode> {
  const { tokens } = await connectAsPerson(call);
  call.print(`${whoIs(tokens)}\n`);
  return exitCodes.done;
}

/** `muster auth status`: 0 all is well, 2 there is something to sign in to, 1 it cannot be told. */
export async function status(call: Call): Promise<ExitCode> {
  const name = call.text('server');
  return name === undefined ? statusOfAll(call) : statusOfOne(call, name);
}

async function statusOfOne(call: Call, name: string): Promise<ExitCode> {
  const row = await findServer(await connectAsPerson(call), name);
  const format = call.text('output');
  call.print(isStructured(format) ? structured(sessionIn(row), format) : serverText(row, call.now()));
  return wantsSignIn(row) ? exitCodes.signInRequired : exitCodes.done;
}

async function statusOfAll(call: Call): Promise<ExitCode> {
  const endpoint = endpointOf(call.text('endpoint'), call.environment);
  const format = call.text('output');
  const show = ({ tokens, rows }: Seen) => {
    if (isStructured(format)) return call.print(structured(statusValue(endpoint, tokens, rows), format));
    const me =
      tokens === undefined
        ? {}
        : { me: { who: whoIs(tokens), expiresAt: tokens.expiresAt, refreshable: tokens.refreshToken !== undefined } };
    call.print(statusText({ endpoint, ...me, ...(rows === undefined ? {} : { servers: rows }), now: call.now() }));
  };
  try {
    const { tokens, ...connection } = await connect(call);
    const rows = await rowsFor(connection, tokens);
    show({ ...(tokens === undefined ? {} : { tokens }), ...(rows === undefined ? {} : { rows }) });
    if (tokens === undefined || rows === undefined) return exitCodes.signInRequired;
    return rows.some(wantsSignIn) ? exitCodes.signInRequired : exitCodes.done;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // What is known on this machine is still worth showing; the error follows.
    const tokens = error.exitCode === exitCodes.signInRequired ? undefined : await readTokens(endpoint, call.environment);
    show(tokens !== undefined && isFresh(tokens, call.now()) ? { tokens } : {});
    throw error;
  }
}

type Seen = { readonly tokens?: Tokens; readonly rows?: readonly Row[] };

/** Undefined where the list is not for strangers. */
async function rowsFor(connection: Parameters<typeof listServers>[0], tokens: Tokens | undefined): Promise<readonly Row[] | undefined> {
  try {
    return (await listServers(connection)).rows;
  } catch (error) {
    if (tokens === undefined && error instanceof RequestFailure && error.status === 401) return undefined;
    throw error;
  }
}

/** The same facts and words as the text, for machines. */
function statusValue(endpoint: string, tokens: Tokens | undefined, rows: readonly Row[] | undefined) {
  return {
    endpoint,
    authenticated: tokens !== undefined,
    ...(tokens === undefined
      ? {}
      : {
          subject: tokens.subject,
          issuer: tokens.issuer,
          ...(tokens.email === undefined ? {} : { email: tokens.email }),
          ...(tokens.name === undefined ? {} : { name: tokens.name }),
          expiresAt: tokens.expiresAt.toISOString(),
          refreshable: tokens.refreshToken !== undefined,
        }),
    ...(rows === undefined ? {} : { items: sorted(rows).map(sessionIn) }),
  };
}

const sessionIn = ({ namespace, name, uid, state, session }: Row) => ({
  namespace,
  name,
  uid,
  ...(state === undefined ? {} : { state }),
  ...(session === undefined ? {} : { session }),
});
