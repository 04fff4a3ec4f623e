/** What is said on the event bus. */

/** `source` of everything this product puts on the bus. */
export const eventSource = 'muster';
/** For others: the STATE of a server has changed. */
export const stateChangedType = 'MCPServer State Changed';
/** For ourselves: the rest of a sweep. */
export const pageType = 'MCPServer Sweep Page';
