import type { Row } from '../functions/model/wire/server-wire.ts';
import { signInToMuster } from '../cli/auth/muster-login.ts';
import { signInToServer } from '../cli/auth/server-login.ts';
import { listServers } from '../cli/api/mcpservers.ts';
import { clickThrough } from './click-through.ts';
import { ada, grace, type Persona } from './issuer.ts';

/** Who `npm start` can sign in, and to which of the demo servers. */
export const demoPersons = {
  ada: { persona: ada, server: 'server-a' },
  grace: { persona: grace, server: 'server-b' },
} as const satisfies Record<string, DemoPerson>;

export type DemoPerson = { readonly persona: Persona; readonly server: string };

/** What a person of the demo sees, as `muster list` prints it for them. */
export type PersonalView = {
  readonly email: string;
  readonly server: string;
  readonly rows: readonly Row[];
};

/**
 * Signs the person in to muster and to their server as `muster auth login` does, and lists as
 * `muster list` does. The sign-in is stored below `folder`, so that the one of whoever runs this
 * stays as it is. Throws `CliError` as those commands do.
 */
export async function viewAs(
  { persona, server }: DemoPerson,
  { endpoint, folder }: Place,
): Promise<PersonalView> {
  const { browser, terminal } = desk(persona);
  const connection = await signIn(terminal, { endpoint, folder });
  await signInToServer({
    connection,
    server: { namespace: 'default', name: server },
    browser: false,
    typed: false,
    ...terminal,
  });
  await browser.done();
  const { rows } = await listServers(connection, { withConditions: false });
  return { email: persona.email, server, rows };
}

/** The token of a person who is signed in to muster only. Throws `CliError` as the command does. */
export async function tokenOf(persona: Persona, at: Place): Promise<string> {
  const { browser, terminal } = desk(persona);
  const { bearer } = await signIn(terminal, at);
  await browser.done();
  return bearer;
}

type Place = { readonly endpoint: string; readonly folder: string };

function desk(persona: Persona) {
  const browser = personAt(persona);
  const { signal: interrupted } = new AbortController();
  return { browser, terminal: { info: () => undefined, instruct: browser.read, interrupted } };
}

const signIn = (terminal: ReturnType<typeof desk>['terminal'], { endpoint, folder }: Place) =>
  signInToMuster({
    endpoint,
    environment: { XDG_CONFIG_HOME: folder },
    browser: false,
    pasted: false,
    device: false,
    ...terminal,
    now: () => new Date(),
  });

/** Someone who reads what the command prints and opens each address. */
function personAt(persona: Persona) {
  const visits: Promise<void>[] = [];
  return {
    read: (line: string): void => {
      const [, address] = /^ {2}(https?:\/\/\S+)$/m.exec(line) ?? [];
      if (address !== undefined) visits.push(clickThrough(address, persona));
    },
    done: (): Promise<unknown> => Promise.all(visits),
  };
}
