/**
 * A span of time as people say it, rounded down: `less than a minute`, `1 minute`, `23 minutes`, `1
 * hour`, `3 days`.
 */
export function age(spanMs: number): string {
  const minutes = Math.floor(Math.abs(spanMs) / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return counted(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? counted(hours, 'hour') : counted(Math.floor(hours / 24), 'day');
}

/** A moment seen from now: `in 23 minutes`, `3 days ago`. */
export const fromNow = (moment: Date, now: Date): string => {
  const spanMs = moment.getTime() - now.getTime();
  return spanMs >= 0 ? `in ${age(spanMs)}` : `${age(spanMs)} ago`;
};

const counted = (count: number, unit: string): string =>
  `${String(count)} ${unit}${count === 1 ? '' : 's'}`;
