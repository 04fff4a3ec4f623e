/** The MCP clients that get a snippet, as `muster connect --print` names them. */
export const mcpClients = [
  'claude',
  'claude-desktop',
  'vscode',
  'cursor',
  'codex',
  'gemini',
] as const;
export type McpClient = (typeof mcpClients)[number];
