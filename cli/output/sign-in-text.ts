import type { Fixer } from '../../functions/model/sign-in-links.ts';
import { qualifiedName } from '../../functions/model/mcpserver.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import type { SignInLink } from '../../functions/model/wire/check-wire.ts';
import type { CheckWithSignIn } from '../api/sign-in-check.ts';
import { cellText } from './text-table.ts';

/** The text of `muster check NAME --sign-in`: the verdict, then every link. */
export function signInText({ signIn, ...server }: CheckWithSignIn): string {
  const { links } = signIn;
  const width = links.reduce((longest, { link }) => Math.max(longest, cellText(link).length), 0);
  const broken = signIn.possible ? undefined : links.find(({ status }) => status === 'broken');
  const verdict = signIn.possible
    ? `${qualifiedName(server)}: a sign-in is possible, or none is needed.`
    : `${qualifiedName(server)}: a sign-in is not possible. ${broken === undefined ? '' : brokenText(broken)}`;
  const lines = links.flatMap((link) => linesOf(link, width));
  return `${[cellText(verdict), '', ...lines].join('\n')}\n`;
}

function linesOf(link: SignInLink, width: number): readonly string[] {
  const status = cellText(link.status).padEnd(6);
  const first = `  ${status}   ${cellText(link.link).padEnd(width)}   ${cellText(link.message)}`;
  return [first].concat(belowOf(link).map((line) => `${' '.repeat(14 + width)}${line}`));
}

/** The first broken link, as one sentence: where, and whose turn it is. */
export const brokenText = ({ link, fixedBy }: SignInLink): string =>
  fixedBy === undefined
    ? `It fails at the link "${link}".`
    : `It fails at the link "${link}", which ${fixerNames[fixedBy] ?? 'its owner'} can fix.`;

export const fixerNames: Readonly<Record<Fixer, string>> = {
  server: 'the owner of the MCP server',
  issuer: 'the operator of the issuer',
  muster: 'the owner of muster',
  you: 'you',
};

function belowOf(link: SignInLink): readonly string[] {
  const { status, fixedBy, fix, page, details = [] } = link;
  const isShown = status !== 'ok' || shown.has(link.link);
  return [
    ...(isShown
      ? details.map(({ name, value }) => `${cellText(name)}: ${oneLine(value, longestValue)}`)
      : []),
    ...(fixedBy === undefined || fix === undefined
      ? []
      : [`Fixed by ${fixerNames[fixedBy] ?? cellText(fixedBy)}: ${cellText(fix)}`]),
    ...(status === 'ok' ? [] : [`Page: ${cellText(page)}`]),
  ];
}

/** Links whose details are facts that people ask for, also where all is well. */
const shown: ReadonlySet<string> = new Set(['authorization request', 'session', 'single sign-on']);

/** An address with 100 scopes. */
const longestValue = 32_768;
