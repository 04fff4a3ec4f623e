import { type Condition, conditionOf, type McpServer, type Status } from '../model/mcpserver.ts';
import { longestMessage, oneLine } from '../model/outside-text.ts';

/**
 * The status of a server that the prober itself could not judge for so long that the last verdict
 * is out of date: `Reachable` is Unknown, and everything else stays, also the time of the last
 * observation, because this is none. Pure.
 */
export function offlineStatus(server: McpServer, message: string, now: Date): Status {
  const before = conditionOf(server.status, 'Reachable');
  if (before?.status === 'Unknown' && before.reason === proberOffline) return server.status;
  const condition: Condition = {
    // With its generation: a spec that was not probed yet stays new.
    ...before,
    type: 'Reachable',
    status: 'Unknown',
    reason: proberOffline,
    message: oneLine(`The prober is offline: ${message}.`, longestMessage),
    lastTransitionTime: new Date(Math.floor(now.getTime() / 1000) * 1000),
  };
  const others = server.status.conditions.filter(({ type }) => type !== 'Reachable');
  return { ...server.status, conditions: [condition, ...others] };
}

const proberOffline = 'ProberOffline';
