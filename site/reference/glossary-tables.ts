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
  ssoGlossary,
  stateChanged,
  stateGlossary,
} from '../../functions/model/glossary.ts';
import { code, fence, page, table } from './markdown-pieces.ts';

/**
 * States, sessions, conditions, reasons and the event, from the constants that the functions write.
 */
export const words = (): string =>
  page(
    '# States, reasons and events',
    'Every word that a status, a list or an event can hold, what it means, and what to do next.',
    '## STATE',
    'Written into `status.state` by the sweep, the same for everyone.',
    meanings('STATE', stateGlossary),
    '## SESSION',
    'Yours alone; told by `muster list mcpserver` and `muster auth status`.',
    meanings('SESSION', sessionGlossary),
    'With single sign-on the word carries how it came about, as in `Authenticated [SSO: Forwarded]`.',
    meanings('SSO', ssoGlossary),
    '## Conditions',
    `The sweep writes the conditions ${conditionTypes.map(code).join(', ')}. Conditions of other writers stay as they are.`,
    '### Reachable is True',
    'Somebody answered in HTTP: STATE is `Connected`.',
    meanings('reason', pick(connectedReasons)),
    '### Reachable is False, at once',
    'Trying again does not mend it: STATE is `Failed` from the first time.',
    meanings('reason', pick(failedReasons)),
    '### Reachable is False, and may pass',
    'STATE is `Connecting` for the first and the second time in a row, `Failed` from the third.',
    meanings('reason', pick(failingReasons)),
    '### Nothing is written',
    'What `muster check` and the report of a sweep say where there is no verdict.',
    meanings('reason', pick(['ProberOffline', 'NotProbed'])),
    '### AuthRequired',
    'Whether the server asks for a sign-in.',
    meanings('reason', authRequiredGlossary),
    '### StateContended',
    'Whether another writer replaces the word in `status.state`; absent while nobody ever did.',
    meanings('reason', contendedGlossary),
    '## Events in the cluster',
    '`kubectl describe mcpserver NAME` shows an Event for each change of STATE: `Normal` when it becomes `Connected`, else `Warning`, with the reason of `Reachable`. Another one tells when another writer begins or ceases to replace `status.state`.',
    '## Event on the bus',
    `Every change of STATE is announced once it is written, on the bus named by \`BUS_NAME\`, with the source \`${stateChanged.source}\` and the detail type \`${stateChanged.type}\`. A rule that hears of every server that has failed:`,
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
      ['field of the detail', 'holds'],
      Object.entries(stateChanged.fields).map(([field, holds]) => [code(field), holds]),
    ),
  );

const meanings = (head: string, all: Readonly<Record<string, GlossaryEntry>>): string =>
  table(
    [head, 'means', 'next'],
    Object.entries(all).map(([word, { summary, hint }]) => [code(word), summary, hint]),
  );

const pick = (
  reasons: readonly (keyof typeof reasonGlossary)[],
): Readonly<Record<string, GlossaryEntry>> =>
  Object.fromEntries(reasons.map((reason) => [reason, reasonGlossary[reason]]));
