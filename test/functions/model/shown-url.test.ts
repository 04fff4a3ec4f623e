import { expect, test } from 'vitest';
import { shownUrl } from '../../../functions/model/shown-url.ts';

test.each([
  ['https://mcp.example.com/mcp?key=the-secret', 'https://mcp.example.com/mcp'],
  ['https://ada:the-secret@mcp.example.com:8443/mcp', 'https://mcp.example.com:8443/mcp'],
  ['https://mcp.example.com/mcp#the-secret', 'https://mcp.example.com/mcp'],
  ['https://mcp.example.com', 'https://mcp.example.com/'],
  ['not a url', 'not a url'],
  ['https://mcp example.com/mcp?key=the-secret', 'https://mcp example.com/mcp'],
  ['https://ada:the-secret@mcp example.com/mcp', 'https://mcp example.com/mcp'],
  ['mcp.example.com/mcp?key=the-secret\nand=the-secret', 'mcp.example.com/mcp'],
  ['foo:bar?the-secret', 'foo:bar'],
])('%j is shown as %s', (text, shown) => {
  expect(shownUrl(text)).toBe(shown);
});
