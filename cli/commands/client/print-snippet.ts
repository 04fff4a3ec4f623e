import {
  type ClientEntry,
  clientEntries,
  clientSnippet,
} from '../../../functions/model/client-snippets.ts';
import { mcpClients } from '../../../functions/model/mcp-clients.ts';
import { qualifiedName } from '../../../functions/model/mcpserver.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { findServer, listServers } from '../../api/mcpservers.ts';
import { connect, connectAsPerson } from '../../auth/connect.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { needsSignIn } from '../../output/status-text.ts';
import { cellText } from '../../output/text-table.ts';
import { sessionCell, sorted } from '../../output/table.ts';

/**
 * `muster connect --print`: what a client needs to start `muster connect` for one server, or with
 * `--all` for each server with a session. Only the snippet goes to stdout.
 */
export async function printSnippet(context: CommandContext): Promise<ExitCode> {
  const { info, environment } = context;
  const client = mcpClients.find((name) => name === context.option('print'));
  if (client === undefined)
    throw new CliError('--all needs --print.', {
      hint: `Add --print with one of: ${mcpClients.join(', ')}`,
    });
  const { text, place } = clientSnippet(client, await entriesOf(context));
  context.print(text);
  info(place);
  const kept = notPassedOn.filter((name) => environment[name]);
  if (kept.length > 0)
    info(
      `Clients may start it without ${kept.join(', ')}. If it needs ${kept.length === 1 ? 'this variable' : 'these variables'}, set "env" in the configuration of the client.`,
    );
  return exitCodes.done;
}

/** Variables that change where a sign-in is found or how an endpoint is reached. */
const notPassedOn = [
  'XDG_CONFIG_HOME',
  'NODE_EXTRA_CA_CERTS',
  'https_proxy',
  'HTTPS_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
] as const;

async function entriesOf(context: CommandContext): Promise<readonly ClientEntry[]> {
  const [name] = context.positionals;
  const isAll = context.has('all');
  if (isAll === (name !== undefined))
    throw new CliError(isAll ? '--all takes no name.' : 'Missing argument NAME.', {
      hint: 'Name one MCPServer, or use --all for each one that you are signed in to.',
    });
  const { endpoint, servers } = await (name === undefined
    ? serversWithSession(context)
    : chosenServer(context, name));
  const command = { command: process.execPath, args: process.argv.slice(1, 2) };
  return clientEntries(command, endpoint, servers);
}

type Chosen = { readonly endpoint: string; readonly servers: readonly Row[] };

async function chosenServer(context: CommandContext, name: string): Promise<Chosen> {
  const connection = await connect(context);
  const row = await findServer(connection, name);
  if (!isRemote(row))
    throw new CliError(`${qualifiedName(row)} is a stdio server: it has no address.`, {
      hint: 'Only remote servers (streamable-http, sse) can be connected.',
    });
  if (connection.tokens === undefined)
    context.info(
      `Warning: you are not signed in to ${connection.endpoint}. Run: muster auth login`,
    );
  if (needsSignIn(row))
    context.info(
      `Warning: ${qualifiedName(row)}: you are not signed in (${cellText(sessionCell(row))}). Run: muster auth login --server ${name}`,
    );
  return { endpoint: connection.endpoint, servers: [row] };
}

async function serversWithSession(context: CommandContext): Promise<Chosen> {
  const connection = await connectAsPerson(context);
  const { rows } = await listServers(connection, { withConditions: false });
  const servers = sorted(rows).filter(
    (row) => isRemote(row) && row.session?.status === 'Authenticated',
  );
  if (servers.length === 0)
    throw new CliError('You are signed in to no MCP server.', {
      exitCode: exitCodes.signInRequired,
      hint: 'Run: muster auth status',
    });
  return { endpoint: connection.endpoint, servers };
}

const isRemote = ({ type }: Row): boolean => type !== 'stdio';
