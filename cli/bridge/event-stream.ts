import type { IncomingMessage } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** How far a stream was read, and when the server asks to be called again. */
export type StreamPosition = { lastEventId?: string; retryMs?: number };

/**
 * The events of a stream, at the pace of their reader. `position` follows. Throws as the connection
 * does when it breaks.
 */
export async function* eventsOf(
  stream: IncomingMessage,
  position: StreamPosition,
): AsyncGenerator<EventSourceMessage> {
  let ready: EventSourceMessage[] = [];
  const parser = createParser({
    onEvent: (event) => void ready.push(event),
    onId: (id) => void (position.lastEventId = id),
    onRetry: (ms) => void (position.retryMs = ms),
  });
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) continue;
    parser.feed(decoder.decode(chunk, { stream: true }));
    const events = ready;
    ready = [];
    yield* events;
  }
}

/** Other events are keep-alive signals, and the first one of the old transport. */
export const isMessage = ({ event = 'message', data }: EventSourceMessage): boolean =>
  event === 'message' && data !== '';
