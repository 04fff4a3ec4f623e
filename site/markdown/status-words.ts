import { defineHastPlugin } from 'satteri';
import type { State } from '../../functions/model/mcpserver.ts';
import type { SessionStatus } from '../../functions/model/wire/server-wire.ts';

type Tone = 'good' | 'warn' | 'bad' | 'none';

/** As the command line colors them on a terminal. */
const tones: Readonly<Record<State | SessionStatus, Tone>> = {
  Connected: 'good',
  Connecting: 'warn',
  Failed: 'bad',
  Authenticated: 'good',
  'Pending Auth': 'warn',
  Expired: 'bad',
  '-': 'none',
};

/** `Authenticated [SSO: Forwarded]` has the tone of `Authenticated`. */
export const toneOf = (text: string): Tone | undefined =>
  Object.entries(tones).find(([word]) => word === text.replace(/ \[SSO: \w+\]$/, ''))?.[1];

/** The values of the columns as a terminal prints them. */
export const statusWords = new RegExp(
  String.raw`(?<![\w-])(${Object.keys(tones)
    .filter((word) => word !== '-')
    .join('|')})(?: \[SSO: \w+\])?(?![\w:-])`,
  'g',
);

/** Inline code that is a value of STATE or SESSION gets its color and its shape. */
export const statusesAreColored = defineHastPlugin({
  name: 'statuses-are-colored',
  element: {
    filter: ['code'],
    visit(node, context) {
      const parent = context.parent(node);
      if (parent?.type === 'element' && parent.tagName === 'pre') return;
      const tone = toneOf(context.textContent(node));
      if (tone !== undefined) context.setProperty(node, 'className', ['status', `status-${tone}`]);
    },
  },
});
