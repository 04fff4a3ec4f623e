/**
 * A moment on the clock of the person: `14:02:11` of today, with its date (`2026-11-25 14:02:11`)
 * of another day. JSON has UTC.
 */
export const localTime = (at: Date, now: Date): string =>
  dateOf(at) === dateOf(now) ? clockTime(at) : localDateTime(at);

export const localDateTime = (at: Date): string => `${dateOf(at)} ${clockTime(at)}`;

const dateOf = (at: Date): string =>
  [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(twoDigits).join('-');
/** `14:05` */
export const clockMinute = (at: Date): string =>
  [at.getHours(), at.getMinutes()].map(twoDigits).join(':');
/** `14:05:40` */
export const clockTime = (at: Date): string => `${clockMinute(at)}:${twoDigits(at.getSeconds())}`;
const twoDigits = (part: number): string => String(part).padStart(2, '0');
