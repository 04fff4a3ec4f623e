/**
 * The MCP version that needs no session: Python SDKs from 2.0 on answer without creating one
 * (measured).
 */
export const protocolVersion = '2026-07-28';

/** How we name ourselves to MCP servers. */
export const clientInfo = { name: 'muster', version: '1' } as const;

/**
 * The `server/discover` request (MCP 2026-07-28). A strict server answers 400, before its 401, to a
 * request that lacks one of the headers or `_meta`.
 */
export const discoverRequest = {
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': protocolVersion,
    'mcp-method': 'server/discover',
  },
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'server/discover',
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': protocolVersion,
        'io.modelcontextprotocol/clientInfo': clientInfo,
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  }),
} as const;
