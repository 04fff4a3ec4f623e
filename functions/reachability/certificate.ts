import { periodElapsed } from './jitter.ts';

/** So long before its end people are warned. */
const warningMs = 14 * 24 * 60 * 60_000;

export const isExpiring = (expiresAt: Date, now: Date): boolean =>
  expiresAt.getTime() - now.getTime() < warningMs;

/**
 * A sentence about a certificate that expires within 14 days. It names the day, not the days that
 * are left, so that a status with it is not written every day.
 */
export const certificateWarning = (
  expiresAt: Date | undefined,
  now: Date | undefined,
): string | undefined =>
  expiresAt === undefined || now === undefined || !isExpiring(expiresAt, now)
    ? undefined
    : `The certificate expires on ${expiresAt.toISOString().slice(0, 10)}.`;

const dayMs = 24 * 60 * 60_000;

/** The one sweep of each day in which an Event about this server's certificate is written. */
export const isCertificateEventDue = (uid: string, tick: Date, tickMs: number): boolean =>
  periodElapsed(`${uid}/certificate`, dayMs, new Date(tick.getTime() - tickMs), tick);
