import type { McpServer } from '../model/mcpserver.ts';

/** Of a server without what its owner or other writers made long, in characters. */
export const leastSize = 1_024;

/** About how many characters a server has: enough to bound what is kept. */
export function serverSize({ url, headers, auth, status }: McpServer): number {
  let size = leastSize + (url?.length ?? 0) + (status.lastError?.length ?? 0);
  for (const value of Object.values(headers)) size += value.length;
  for (const { message } of status.conditions) size += message.length;
  return auth === undefined ? size : size + JSON.stringify(auth).length;
}

/** Of all that is kept: 10,000 MCPServers as people have them. The function has 512 MB. */
export const mostKept = 16 * 1024 * 1024;
