type WaitingOn = <Outcome>(text: string, promise: Promise<Outcome>) => Promise<Outcome>;

let show: WaitingOn = (_text, promise) => promise;

/** From now on a person sees which request takes long. */
export function showWaiting(waitingOn: WaitingOn): void {
  show = waitingOn;
}

/** The promise of a request to this address; a terminal shows that it takes long. */
export const waitingOn = <Outcome>(url: string, promise: Promise<Outcome>): Promise<Outcome> =>
  show(`Waiting for ${new URL(url).host}`, promise);
