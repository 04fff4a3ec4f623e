import {
  conditionTypes,
  connectedReasons,
  failedReasons,
  failingReasons,
} from '../../functions/model/mcpserver.ts';
import {
  authRequiredGlossary,
  contendedGlossary,
  type GlossaryEntry,
  reasonGlossary,
  sessionGlossary,
  speaksMcpGlossary,
  ssoGlossary,
  stateChanged,
  stateGlossary,
  warningGlossary,
} from '../../functions/model/glossary.ts';
import { code, fence, page, table } from './markdown-pieces.ts';

/**
 * States, sessions, conditions, reasons and the event, from the constants that the functions write.
 */
export const glossary = (): string =>
  page(
    '# States, reasons and events',
    'Every value of STATE, SESSION, conditions and events, what it means, and what to do next.',
    '## STATE',
    'The sweep writes STATE into `status.state`. It is the same for everyone.',
    meanings('STATE', stateGlossary),
    '## SESSION',
    'SESSION is your own. `muster list mcpserver` and `muster auth status` show it.',
    meanings('SESSION', sessionGlossary),
    'With single sign-on the value also shows how the session was made, as in `Authenticated [SSO: Forwarded]`.',
    meanings('SSO', ssoGlossary),
    '## Conditions',
    `The sweep writes the conditions ${conditionTypes.map(code).join(', ')}. It leaves conditions of other writers unchanged.`,
    '### Reachable is True',
    'The server answered over HTTP. STATE is `Connected`.',
    meanings('reason', pick(connectedReasons)),
    '### Reachable is False: permanent reasons',
    'A retry cannot fix these. STATE is `Failed` after the first failure.',
    meanings('reason', pick(failedReasons)),
    '### Reachable is False: temporary reasons',
    'STATE is `Connecting` after the first and the second failure in a row, and `Failed` from the third.',
    meanings('reason', pick(failingReasons)),
    '### No verdict',
    '`muster check` and the report of a sweep show these reasons. Nothing is written to the status.',
    meanings('reason', pick(['ProberOffline', 'NotProbed', 'Suspended'])),
    '### AuthRequired',
    'Whether the server requires a sign-in.',
    meanings('reason', authRequiredGlossary),
    '### SpeaksMCP',
    'Whether what answers is an MCP server. It never changes STATE.',
    meanings('reason', speaksMcpGlossary),
    '### StateContended',
    'Whether another writer replaces the value of `status.state`. Absent if that never happened.',
    meanings('reason', contendedGlossary),
    '## Events in the cluster',
    '`kubectl describe mcpserver NAME` shows an Event for each change of STATE: `Normal` when it becomes `Connected`, else `Warning`, with the reason of `Reachable`. Another Event shows when another writer starts or stops replacing `status.state`. While a server answers, one Event a day warns about what will fail soon.',
    meanings('reason', warningGlossary),
    '## Event on the bus',
    `Every change of STATE is published after it is written, on the bus named by \`BUS_NAME\`, with the source \`${stateChanged.source}\` and the detail type \`${stateChanged.type}\`. This rule matches every server that becomes \`Failed\`:`,
    fence(
      'json',
      JSON.stringify(
        {
          source: [stateChanged.source],
          'detail-type': [stateChanged.type],
          detail: { to: ['Failed'] },
        },
        null,
        2,
      ),
    ),
    table(
      ['field of the detail', 'description'],
      Object.entries(stateChanged.fields).map(([field, description]) => [code(field), description]),
    ),
  );

const meanings = (head: string, all: Readonly<Record<string, GlossaryEntry>>): string =>
  table(
    [head, 'meaning', 'next step'],
    Object.entries(all).map(([value, { summary, hint }]) => [code(value), summary, hint]),
  );

const pick = (
  reasons: readonly (keyof typeof reasonGlossary)[],
): Readonly<Record<string, GlossaryEntry>> =>
  Object.fromEntries(reasons.map((reason) => [reason, reasonGlossary[reason]]));
