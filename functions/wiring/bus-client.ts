import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { defined } from '../model/defined.ts';
import type { BusSettings } from '../settings.ts';

/** The event bus of the settings. */
export const createBus = ({
  busName,
  eventBridgeUrl,
}: BusSettings): { readonly client: EventBridgeClient; readonly name: string } => ({
  client: new EventBridgeClient(defined({ endpoint: eventBridgeUrl?.href })),
  name: busName,
});
