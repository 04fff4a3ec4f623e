/** One thing that a person does with an endpoint, and what came of it. */

export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type JourneyContext = {
  /** Runs the built command line as the person, who also answers its browser sign-ins. */
  readonly command: (...words: readonly string[]) => Promise<Ended>;
  /** Address of the endpoint, without a path. */
  readonly endpoint: string;
  /** The MCPServer to sign in to. Without it, the first one that waits for a sign-in. */
  readonly server?: string;
};

/** Where the person who deployed looks next. */
export type Place = 'endpoint' | 'sweep' | 'issuer' | 'cluster' | 'server' | 'sessions';

export type StepOutcome =
  | { readonly kind: 'done' }
  /** `why` is a sentence. */
  | { readonly kind: 'skipped'; readonly why: string };

export const done: StepOutcome = { kind: 'done' };
export const skipped = (why: string): StepOutcome => ({ kind: 'skipped', why });

export type Step<Context = JourneyContext> = {
  /** A sentence about the product. */
  readonly title: string;
  /** Throws `StepFailure` where it does not hold. */
  readonly run: (context: Context) => Promise<StepOutcome>;
  /** It is also run after a failure: it takes back what the journey did. */
  readonly isCleanUp?: true;
};

/** A step does not hold. The message is what was seen, without secrets. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
  readonly place: Place;
  constructor(place: Place, message: string) {
    super(message);
    this.place = place;
  }
}
