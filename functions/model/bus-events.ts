/** What is said on the event bus. */

/** `source` of everything this product puts on the bus. */
export const eventSource = 'muster';
/** For others: the STATE of a server has changed. */
export const stateChangedType = 'MCPServer State Changed';
/** For ourselves: the rest of a sweep. */
export const pageType = 'MCPServer Sweep Page';

/** A change of STATE. */
export type StateChange = {
  /**
   * Follows from the status that was written: the same change has the same id, whoever announces it
   * and however often.
   */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly from?: string;
  readonly to: string;
  readonly reason: string;
  /** The reason as a sentence for people, for the last changes of the server. */
  readonly message?: string;
  /**
   * Since when it has been failing, or, for a recovery, had been. Absent where it was not failing,
   * and where the time is not known.
   */
  readonly failingSince?: Date;
  readonly at: Date;
};

/** What consumers of the bus get of it. */
export type PublishedChange = Omit<StateChange, 'message'> & {
  /** Of `changeSummary`. */
  readonly summary: string;
};

/** What the endpoint shows of a change that was. */
export type PastChange = Pick<StateChange, 'from' | 'to' | 'reason' | 'message' | 'at'>;
