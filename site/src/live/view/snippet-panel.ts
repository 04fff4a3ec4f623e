/** What an MCP client needs to use the server through `muster connect`. */
import { clientEntries, clientSnippet } from '../../../../functions/model/client-snippets.ts';
import { type McpClient, mcpClients } from '../../../../functions/model/mcp-clients.ts';
import { button, choose, element, setOptions } from './dom.ts';

const clientNames: Readonly<Record<McpClient, string>> = {
  claude: 'Claude Code',
  'claude-desktop': 'Claude Desktop',
  vscode: 'VS Code',
  cursor: 'Cursor',
  codex: 'Codex',
  gemini: 'Gemini CLI',
};

type Server = { readonly namespace: string; readonly name: string };

/** `report` says to everyone whether the text was copied. */
export function snippetPanel(report: (text: string) => void): {
  readonly element: HTMLElement;
  readonly show: (server: Server) => void;
} {
  let shown: Server | undefined;
  const text = element('code');
  const place = element('p', { class: 'quiet' });
  const write = (): void => {
    const client = mcpClients.find((each) => each === select.value);
    if (client === undefined || shown === undefined) return;
    const entries = clientEntries({ command: 'muster', args: [] }, location.origin, [shown]);
    const snippet = clientSnippet(client, entries);
    text.textContent = snippet.text;
    place.textContent = snippet.place;
  };
  const { label, select } = choose('Client', {}, write);
  setOptions(
    select,
    mcpClients.map((client) => [client, clientNames[client]] as const),
    'claude',
  );
  const copy = button('Copy', { class: 'small' }, () => {
    navigator.clipboard.writeText(text.textContent).then(
      () => report('The snippet is copied.'),
      () => {
        getSelection()?.selectAllChildren(text);
        report('The browser did not copy it. The snippet is selected: press Ctrl+C.');
      },
    );
  });
  return {
    element: element(
      'div',
      { class: 'snippet' },
      element('div', { class: 'row' }, label, copy),
      element(
        'pre',
        { tabindex: '0', role: 'group', 'aria-label': 'Snippet for the client' },
        text,
      ),
      place,
    ),
    show: (server) => {
      shown = server;
      write();
    },
  };
}
