import type { Style } from './paint.ts';

/** Absent: in no color. A color is never the only sign. */
export const stateStyle = (state: string | undefined): Style | undefined =>
  state === undefined ? undefined : stateStyles[state];

export const sessionStyle = (status: string | undefined): Style | undefined =>
  status === undefined ? undefined : sessionStyles[status];

const stateStyles: Readonly<Record<string, Style>> = {
  Connected: 'good',
  Connecting: 'warn',
  Failed: 'bad',
};
const sessionStyles: Readonly<Record<string, Style>> = {
  Authenticated: 'good',
  'Pending Auth': 'warn',
  Expired: 'bad',
};
