/** What the tabs and windows of this page tell each other. */
import { isRecord } from '../../../../functions/model/json.ts';

export type TabMessage =
  | { readonly kind: 'signedIn' }
  | { readonly kind: 'signedOut' }
  /** The window of a sign-in to a server came back. `search` is that of its address. */
  | { readonly kind: 'returned'; readonly flow: string; readonly search: string }
  /** The window has to go to an issuer once more. */
  | { readonly kind: 'goOn'; readonly flow: string; readonly address: string }
  | { readonly kind: 'close'; readonly flow: string };

export type Tabs = {
  readonly post: (message: TabMessage) => void;
  /** Until the signal ends it. Messages of this very page do not arrive. */
  readonly listen: (listener: (message: TabMessage) => void, signal?: AbortSignal) => void;
};

export function openTabs(): Tabs {
  const channel = new BroadcastChannel('muster-live');
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is no window
    post: (message) => channel.postMessage(message),
    listen: (listener, signal) =>
      channel.addEventListener(
        'message',
        ({ data }: MessageEvent<unknown>) => {
          if (isTabMessage(data)) listener(data);
        },
        signal === undefined ? {} : { signal },
      ),
  };
}

/** A tab that was opened before an update may say something else. */
function isTabMessage(data: unknown): data is TabMessage {
  if (!isRecord(data)) return false;
  const { kind, flow, search, address } = data;
  switch (kind) {
    case 'signedIn':
    case 'signedOut':
      return true;
    case 'returned':
      return typeof flow === 'string' && typeof search === 'string';
    case 'goOn':
      return typeof flow === 'string' && typeof address === 'string';
    case 'close':
      return typeof flow === 'string';
    default:
      return false;
  }
}
