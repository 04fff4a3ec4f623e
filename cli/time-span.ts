/**
 * A span of time as people type it, in ms: `500ms`, `30s`, `2m`, `1h30m`; a bare number is seconds.
 * Undefined for everything else, also for what is longer than a day.
 */
export function timeSpan(text: string): number | undefined {
  if (/^\d{1,6}$/.test(text)) return upToADay(Number(text) * units.s);
  if (!/^(\d{1,6}(ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
  return upToADay(parts.reduce((sum, [, count, unit]) => sum + Number(count) * unitOf(unit), 0));
}

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

const unitOf = (unit: string | undefined): number =>
  unit === 'ms' || unit === 'm' || unit === 'h' ? units[unit] : units.s;

const upToADay = (spanMs: number): number | undefined =>
  spanMs <= 24 * units.h ? spanMs : undefined;

/** For the flags that take one: what is wrong with a value; undefined when nothing is. */
export const notATimeSpan = (text: string): string | undefined =>
  timeSpan(text) === undefined ? `"${text}" is not a time, such as 30s, 2m or 1h30m.` : undefined;
