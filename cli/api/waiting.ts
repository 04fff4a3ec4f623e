type WaitingFor = <Outcome>(text: string, promise: Promise<Outcome>) => Promise<Outcome>;

let show: WaitingFor = (_text, promise) => promise;

/** From now on a person sees which request takes long. */
export function showWaiting(waitingFor: WaitingFor): void {
  show = waitingFor;
}

/** The promise of a request to this address; a terminal shows that it takes long. */
export const waitingOn = <Outcome>(url: string, promise: Promise<Outcome>): Promise<Outcome> =>
  show(`Waiting for ${new URL(url).host}`, promise);
