/** What `npm run bench` was asked to do. */
import type { Size } from './part.ts';

export type Asked =
  | { readonly kind: 'list' }
  | {
      readonly kind: 'measure';
      /** In the order of the table. */
      readonly parts: readonly string[];
      readonly size: Size;
      /** Whether the tables go into the page. */
      readonly isWriting: boolean;
    }
  | { readonly kind: 'report'; readonly name: string; readonly args: readonly string[] }
  | { readonly kind: 'refused'; readonly message: string };

export type Names = { readonly parts: readonly string[]; readonly reports: readonly string[] };

const flags = ['--small', '--write', '--list'];

/** Without names, every part is meant. Arguments behind the name of a report belong to it. */
export function asked(args: readonly string[], { parts, reports }: Names): Asked {
  const [first = '', ...rest] = args;
  if (reports.includes(first)) return { kind: 'report', name: first, args: rest };
  const names = args.filter((arg) => !arg.startsWith('-'));
  const report = names.find((name) => reports.includes(name));
  if (report !== undefined)
    return refused(`${report} is a report and runs alone: npm run bench -- ${report}`);
  const unknown = names.filter((name) => !parts.includes(name));
  if (unknown.length > 0)
    return refused(
      `There is no benchmark ${unknown.join(', ')}. Parts: ${parts.join(', ')}. Reports: ${reports.join(', ')}.`,
    );
  const strange = args.filter((arg) => arg.startsWith('-') && !flags.includes(arg));
  if (strange.length > 0)
    return refused(`Unknown flag ${strange.join(', ')}. Flags: ${flags.join(', ')}.`);
  if (args.includes('--list')) return { kind: 'list' };
  const [size, isWriting]: [Size, boolean] = [
    args.includes('--small') ? 'small' : 'full',
    args.includes('--write'),
  ];
  if (size === 'small' && isWriting)
    return refused('--small has too few rounds for the page. Use --write without it.');
  return {
    kind: 'measure',
    parts: parts.filter((name) => names.length === 0 || names.includes(name)),
    size,
    isWriting,
  };
}

const refused = (message: string): Asked => ({ kind: 'refused', message });
