import { RequestFailure } from '../../api/request.ts';
import type { Servers } from '../../api/mcpservers.ts';
import { CliError, exitCodes } from '../../context.ts';

/** One look at the list, and whether a person looked. */
export type Look = Servers & { readonly signedIn: boolean };

/** What a person sees of a list that goes on. */
export type WatchView = {
  readonly first: (look: Look) => void;
  readonly next: (look: Look, before: Look) => void;
  /** The list cannot be read for now; once until `back`. */
  readonly lost: (error: CliError) => void;
  readonly back: () => void;
};

export type WatchPorts = {
  /** Throws what a list throws. */
  readonly look: () => Promise<Look>;
  /** Rejects when the person ends it. */
  readonly wait: (ms: number) => Promise<void>;
  /** False: nobody reads any more. */
  readonly isRead: () => boolean;
  readonly view: WatchView;
  readonly intervalMs: number;
};

const firstPauseMs = 2_000;
const longestPauseMs = 60_000;

/**
 * Looks again and again. What has failed is tried again, after pauses that grow to a minute. Ends
 * when nobody reads; throws when the person ends it, when the first look fails, when the sign-in has
 * ended, and for what no later look can change.
 */
export async function watchList(ports: WatchPorts): Promise<void> {
  const { look, wait, isRead, view, intervalMs } = ports;
  let before = await look();
  view.first(before);
  let failures = 0;
  while (isRead()) {
    await wait(failures === 0 ? intervalMs : pauseAfter(failures, intervalMs));
    try {
      const present = await look();
      if (before.signedIn && !present.signedIn) throw signedOut();
      if (failures > 0) view.back();
      failures = 0;
      view.next(present, before);
      before = present;
    } catch (error) {
      if (!(error instanceof CliError) || isFinal(error)) throw error;
      failures += 1;
      if (failures === 1) view.lost(error);
    }
  }
}

const pauseAfter = (failures: number, intervalMs: number): number =>
  Math.min(longestPauseMs, Math.min(intervalMs, firstPauseMs) * 2 ** (failures - 1));

/** A proxy may say anything while an endpoint is replaced, but not that a person is signed out. */
const isFinal = (error: CliError): boolean =>
  error.exitCode === exitCodes.signInRequired ||
  (error instanceof RequestFailure && error.status === 400);

const signedOut = (): CliError =>
  new CliError('You have signed out in the meantime.', {
    exitCode: exitCodes.signInRequired,
    hint: 'Run: muster auth login',
  });
