declare module '@modelcontextprotocol/server-everything/dist/server/index.js' {
  import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';

  /**
   * The reference server with all features of the protocol; `cleanup` ends what a session left
   * running.
   */
  export function createServer(): {
    readonly server: McpServer;
    readonly cleanup: (sessionId?: string) => void;
  };
}
