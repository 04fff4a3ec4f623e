import { startSignIn, callBack, completeSignIn } from '../../functions/sessions/signin.ts';
import type { StoredGrant } from '../../functions/sessions/grant.ts';
import type { McpServer } from '../../functions/model/mcpserver.ts';
import { ada, type Persona } from '../../local/issuer.ts';
import { browserOf } from './browser.ts';
import { aPerson } from './person.ts';
import { aServer, connected } from './server.ts';
import type { SignInWorld } from './signin.ts';
import { defined } from '../../functions/model/defined.ts';

/** The MCP server of the world as the cluster declares it. */
export const serverOf = (world: SignInWorld, facts: Partial<McpServer> = {}): McpServer =>
  aServer({ url: world.mcp.url, status: connected('True'), ...facts });

/** Signs the persona in to the server of the world, browser and all. Throws where that fails. */
export async function grantOf(
  world: SignInWorld,
  server: McpServer = serverOf(world),
  persona: Persona = ada,
): Promise<StoredGrant> {
  const person = aPerson(persona);
  const started = await startSignIn(world.ports, server, person);
  if (started.kind !== 'started') throw new Error(JSON.stringify(started));
  const { url } = await browserOf(persona).visit(started.authorizationUrl, {
    stopAt: ({ origin }) => origin === world.publicUrl,
  });
  const { state = '', code = '', iss } = Object.fromEntries(url.searchParams);
  const called = await callBack(
    world.ports,
    url.pathname.split('/').at(-1) ?? '',
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
