/** Reads what `muster connect --print` printed, as its client does. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { ClientEntry } from '../../functions/model/client-snippets.ts';
import type { McpClient } from '../../functions/model/mcp-clients.ts';

const start = z.strictObject({
  type: z.optional(z.literal('stdio')),
  command: z.string(),
  args: z.array(z.string()),
});
const starts = z.record(z.string(), start);

/** The programs that the client would start, by name. Throws for what the client would refuse. */
export function entriesIn(client: McpClient, text: string): readonly ClientEntry[] {
  switch (client) {
    case 'claude':
      return claudeCalls(text);
    case 'claude-desktop':
    case 'cursor':
    case 'gemini':
      return entriesOf(z.strictObject({ mcpServers: starts }).parse(JSON.parse(text)).mcpServers);
    case 'vscode':
      return entriesOf(z.strictObject({ servers: starts }).parse(JSON.parse(text)).servers);
    case 'codex':
      return codexTables(text);
  }
}

const entriesOf = (servers: z.infer<typeof starts>): readonly ClientEntry[] =>
  Object.entries(servers).map(([name, { command, args }]) => ({ name, command, args }));

/** A shell reads the commands; a `claude` of ours writes down what it was called with. */
function claudeCalls(text: string): readonly ClientEntry[] {
  const folder = mkdtempSync(join(tmpdir(), 'muster-claude-'));
  try {
    const claude = join(folder, 'claude');
    writeFileSync(claude, '#!/bin/sh\nprintf "%s\\0" "$@"\n');
    chmodSync(claude, 0o755);
    const said = execFileSync('sh', ['-c', text], { env: { PATH: `${folder}:/usr/bin:/bin` } });
    const words = said.toString().split('\0').slice(0, -1);
    return words.flatMap((_, index) => {
      if (index % 6 !== 0) return [];
      const [mcp, addJson, scope, user, name = '', json = ''] = words.slice(index, index + 6);
      if ([mcp, addJson, scope, user].join(' ') !== 'mcp add-json --scope user')
        throw new Error(`claude was called with ${words.join(' ')}`);
      const { command, args } = start.parse(JSON.parse(json));
      return [{ name, command, args }];
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The part of TOML 1.0 that the snippet uses: tables, basic strings and arrays of them. */
const codexTables = (text: string): readonly ClientEntry[] =>
  text.split(/\n\n/).map((part) => {
    const [head = '', command = '', args = '', ...rest] = part.trimEnd().split('\n');
    const [, name] = /^\[mcp_servers\."([a-zA-Z0-9_-]+)"\]$/.exec(head) ?? [];
    if (name === undefined || rest.length > 0) throw new Error(`not a table: ${part}`);
    return {
      name,
      command: z.string().parse(valueOf('command', command)),
      args: z.array(z.string()).parse(valueOf('args', args)),
    };
  });

function valueOf(key: string, line: string): unknown {
  if (!line.startsWith(`${key} = `)) throw new Error(`not ${key}: ${line}`);
  const plain = line
    .slice(key.length + 3)
    .replace(/\\\\|\\U([0-9a-f]{8})/g, (all, code?: string) =>
      code === undefined ? all : String.fromCodePoint(Number.parseInt(code, 16)),
    );
  return JSON.parse(plain);
}
