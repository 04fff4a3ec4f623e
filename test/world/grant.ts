import { startSignIn, callBack, completeSignIn } from '../../functions/sessions/signin.ts';
import type { StoredGrant } from '../../functions/sessions/grant.ts';
import type { Caller, Person } from '../../functions/sessions/person.ts';
import type { McpServer } from '../../functions/model/mcpserver.ts';
import { ada, type Persona } from '../../local/issuer.ts';
import { browserOf } from './person.ts';
import { aServer, connected } from './server.ts';
import type { SignInWorld } from './signin.ts';
import { defined } from '../../functions/model/defined.ts';

/** The persona as a person who is signed in. */
export const personOf = ({ subject, email, name }: Persona = ada): Person => ({
  issuer: 'https://login.example.com',
  subject,
  email,
  name,
  audiences: ['muster-cli'],
  expiresAt: new Date(Date.now() + 3_600_000),
});

/** The same person as the sender of a request. */
export const callerOf = (
  person: Person = personOf(),
  token = 'the bearer',
): Pick<Caller, 'person' | 'token'> => ({ person, token });

/** The MCP server of the world as the cluster declares it. */
export const serverOf = (world: SignInWorld, facts: Partial<McpServer> = {}): McpServer =>
  aServer({ url: world.mcp.url, status: connected('True'), ...facts });

/** Signs the persona in to the server of the world, browser and all. Throws where that fails. */
export async function grantOf(
  world: SignInWorld,
  server: McpServer = serverOf(world),
  persona: Persona = ada,
): Promise<StoredGrant> {
  const person = personOf(persona);
  const started = await startSignIn(world.ports, server, person);
  if (started.kind !== 'started') throw new Error(JSON.stringify(started));
  const { url } = await browserOf(persona).visit(started.authorizationUrl, {
    stopAt: ({ origin }) => origin === world.publicUrl,
  });
  const { state = '', code = '', iss } = Object.fromEntries(url.searchParams);
  const called = await callBack(
    world.ports,
    state,
    defined({
      code,
      iss,
    }),
  );
  if (called.kind !== 'parked') throw new Error(called.kind);
  const completed = await completeSignIn(world.ports, server, person, called.secret);
  const held = await world.store.getGrant(person, server.uid);
  if (completed.kind !== 'completed' || held === undefined)
    throw new Error(JSON.stringify(completed));
  return held;
}
