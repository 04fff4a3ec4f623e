import type { FailedPart } from '../../functions/model/failed-parts.ts';
import {
  namedReasons,
  type ReasonFacts,
  type ReasonName,
  reasonSlug,
} from '../../functions/model/reason-facts.ts';
import { code, fence, page, table } from './markdown-pieces.ts';
import { kubectlSteps, reasonSteps, type ReasonSteps, shellSteps } from './reason-steps.ts';
import { type ReasonWords, reasonWords } from './reason-words.ts';

/** One page for each reason, by its name below `docs/`: `reasons/connection-refused`. */
export const reasonPages = (): ReadonlyMap<string, string> =>
  new Map(
    [...namedReasons].map(([reason, facts]) => [
      `reasons/${reasonSlug(reason)}`,
      reasonText(reason, facts),
    ]),
  );

function reasonText(
  reason: ReasonName,
  { summary, hint, carrier, part, owner }: ReasonFacts,
): string {
  const steps: ReasonSteps = reasonSteps[reason];
  return page(
    `# ${reason}`,
    summary,
    table(
      ['question', 'answer'],
      [
        ['Where is it shown?', `In ${carrier}.`],
        ...(part === undefined ? [] : [['What failed?', parts[part]]]),
        ['Who can change it?', owner],
        ...(steps.answer === undefined
          ? []
          : [
              [
                'Which STATE and SESSION?',
                `[See it in the explorer](${explorerLink(steps.answer)})`,
              ],
            ]),
      ],
    ),
    '## What to do',
    hint,
    '### With kubectl',
    'List every server with its reason, then read the message and the Events of one. `NAMESPACE` and `NAME` are those of the MCPServer:',
    fence(
      'sh',
      'kubectl get mcpservers --all-namespaces -o wide\nkubectl describe mcpserver NAME --namespace NAMESPACE',
    ),
    ...(steps.kubectl ?? []).flatMap((step) => commandOf(kubectlSteps[step])),
    '### With muster',
    withMuster(reason, part),
    ...(steps.shell === undefined
      ? []
      : [
          '### With other programs',
          'The functions may be in another network than your machine, so the result can differ. `HOST` and `URL` are those of `spec.url`.',
          ...steps.shell.flatMap((step) => commandOf(shellSteps[step])),
        ]),
    '## Also known as',
    'What other programs show, and what people call it:',
    wordTable(reasonWords[reason]),
    '## Related',
    steps.related
      .filter((other) => other !== reason)
      .map(
        (other) =>
          `- [${other}](${reasonSlug(other)}.md): ${namedReasons.get(other)?.summary ?? ''}`,
      )
      .join('\n'),
    'All values of STATE and SESSION: [State and session](../state-and-session.md). More symptoms: [Troubleshoot](../troubleshoot.md).',
  );
}

/** After three probes the STATE does not change any more. */
export const explorerLink = (answer: string): string =>
  `/state-and-session/?answer=${answer}&times=3#explorer`;

const commandOf = ([what, command]: readonly [string, string]): readonly string[] => [
  what,
  fence('sh', command),
];

function withMuster(reason: ReasonName, part: FailedPart | undefined): string {
  if (reason === 'AuthenticationRequired')
    return [
      'Sign in to the server, and see whether it accepts the sign-in:',
      fence(
        'sh',
        'muster auth login --server NAMESPACE/NAME\nmuster auth status --server NAMESPACE/NAME',
      ),
    ].join('\n\n');
  const [what, command] =
    part === undefined
      ? ['Show the server, its conditions and its last changes:', 'describe NAMESPACE/NAME']
      : [
          'Probe now. The output has each stage of the probe, and what the next sweep would write:',
          'check NAMESPACE/NAME --explain',
        ];
  const wait =
    part === undefined
      ? []
      : ['Wait until it answers again:', fence('sh', 'muster wait NAMESPACE/NAME --timeout 10m')];
  return [what, fence('sh', `muster ${command}`), ...wait].join('\n\n');
}

const wordTable = (words: ReasonWords): string =>
  table(
    ['where', 'text'],
    kinds.flatMap(([kind, where]) => {
      const texts = words[kind];
      if (texts === undefined) return [];
      const shown = kind === 'words' ? texts : texts.map(code);
      return [[where, shown.join(', ')]];
    }),
  );

const kinds = [
  ['words', 'In words'],
  ['node', 'Node.js'],
  ['curl', 'curl'],
  ['browser', 'Browsers'],
  ['go', 'kubectl and other programs in Go'],
  ['other', 'Python, Java, OpenSSL and other programs'],
  ['proxy', 'Reverse proxies and load balancers'],
] as const satisfies readonly (readonly [keyof ReasonWords, string])[];

const parts: Readonly<Record<FailedPart, string>> = {
  spec: 'The MCPServer itself. Nothing was contacted.',
  policy: 'The policy of the functions. Nothing was contacted.',
  name: 'The resolution of the host name (DNS).',
  network: 'The network between the functions and the server.',
  tls: 'The TLS handshake.',
  gateway: 'A reverse proxy or load balancer, or the server behind it.',
  server: 'The server.',
  prober: 'The prober. Nothing is known about the server.',
};
