/**
 * What MCP clients need to start `muster connect`, each in the format that it documents. Nothing
 * here reads the machine: the command line prints it, and a page in a browser can show it.
 */
import type { McpClient } from './mcp-clients.ts';
import { namesAmong } from './mcpserver.ts';

/** A server under the name that the client shows, and the program that connects to it. */
export type ClientEntry = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
};

export type Snippet = {
  /** Ends with a line break. Holds no token and no environment variable. */
  readonly text: string;
  readonly language: 'sh' | 'json' | 'toml';
  /** Where it goes, as one or two sentences. */
  readonly place: string;
};

/** How `muster` is started on the machine of the person: a program and what precedes `connect`. */
export type MusterCommand = Pick<ClientEntry, 'command' | 'args'>;

type Server = { readonly namespace: string; readonly name: string };

/**
 * An entry for each server. Clients start programs with few variables of the environment, so the
 * endpoint is an argument. The namespace saves the bridge a request at each start.
 */
export function clientEntries(
  { command, args }: MusterCommand,
  endpoint: string,
  servers: readonly Server[],
): readonly ClientEntry[] {
  const nameOf = namesAmong(servers);
  const taken = new Set<string>();
  return servers.map((server) => {
    const name = freeName(clientName(nameOf(server)), taken);
    taken.add(name);
    const connect = ['connect', '--endpoint', endpoint, `${server.namespace}/${server.name}`];
    return { name, command, args: [...args, ...connect] };
  });
}

/** Claude Code and Codex take letters, digits, `-` and `_`, Claude Code at most 64 of them. */
const longestName = 64;
const clientName = (text: string): string =>
  text.replace(/[^a-zA-Z0-9-]/g, '-').slice(0, longestName);

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? '' : `-${String(count)}`;
    const candidate = name.slice(0, longestName - suffix.length) + suffix;
    if (!taken.has(candidate)) return candidate;
  }
}

/** The snippet for all of these servers. */
export function clientSnippet(client: McpClient, entries: readonly ClientEntry[]): Snippet {
  switch (client) {
    // code.claude.com/docs/en/mcp: "Add MCP servers from JSON configuration".
    case 'claude':
      return {
        text: entries.map(claudeCommand).join(''),
        language: 'sh',
        place: 'Run it in a terminal. Claude Code then has the server in all your projects.',
      };
    // modelcontextprotocol.io/docs/develop/connect-local-servers
    case 'claude-desktop':
      return {
        ...jsonSnippet('mcpServers', entries, startOf),
        place:
          'Add it to claude_desktop_config.json: Settings > Developer > Edit Config. Then restart Claude Desktop.',
      };
    // code.visualstudio.com/docs/agents/reference/mcp-configuration
    case 'vscode':
      return {
        ...jsonSnippet('servers', entries, typedStart),
        place: 'Add it to the file that the VS Code command "MCP: Open User Configuration" opens.',
      };
    // cursor.com/docs/mcp
    case 'cursor':
      return {
        ...jsonSnippet('mcpServers', entries, typedStart),
        place: 'Add it to ~/.cursor/mcp.json, then restart Cursor.',
      };
    // developers.openai.com/codex/mcp
    case 'codex':
      return {
        text: entries.map(codexTable).join('\n'),
        language: 'toml',
        place: 'Add it to ~/.codex/config.toml, then restart Codex.',
      };
    // geminicli.com/docs/tools/mcp-server
    case 'gemini':
      return {
        ...jsonSnippet('mcpServers', entries, startOf),
        place: 'Add it to ~/.gemini/settings.json, then restart Gemini CLI.',
      };
  }
}

type Start = MusterCommand & { readonly type?: 'stdio' };

const startOf = ({ command, args }: ClientEntry): Start => ({ command, args });
const typedStart = (entry: ClientEntry): Start => ({ type: 'stdio', ...startOf(entry) });

const jsonSnippet = (
  key: string,
  entries: readonly ClientEntry[],
  startFor: (entry: ClientEntry) => Start,
): Pick<Snippet, 'text' | 'language'> => ({
  text: `${json({ [key]: Object.fromEntries(entries.map((entry) => [entry.name, startFor(entry)])) }, 2)}\n`,
  language: 'json',
});

const claudeCommand = (entry: ClientEntry): string =>
  `claude mcp add-json --scope user ${entry.name} '${json(typedStart(entry)).replaceAll("'", String.raw`'\''`)}'\n`;

const codexTable = ({ name, command, args }: ClientEntry): string =>
  `[mcp_servers."${name}"]\ncommand = ${tomlText(command)}\nargs = [${args.map(tomlText).join(', ')}]\n`;

/** A folder may have such a character in its name, and no terminal shows it. */
const invisible = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

/** Without invisible characters. JSON writes them as one or two UTF-16 units. */
const json = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replace(invisible, (character) =>
    character
      .split('')
      .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
      .join(''),
  );

/** A basic string of TOML is one of JSON, but for the form of rare characters. */
const tomlText = (text: string): string =>
  JSON.stringify(text).replace(
    invisible,
    (character) => `\\U${hex(character.codePointAt(0) ?? 0, 8)}`,
  );
