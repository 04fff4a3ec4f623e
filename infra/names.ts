import { randomBytes } from 'node:crypto';

/**
 * `muster-STAGE-NAME`, so that two stages in one account never share a resource. For what AWS
 * replaces where the name is taken: alarms and dashboards.
 */
export const inStage = (name: string): string => `${$app.name}-${$app.stage}-${name}`;

/**
 * The same with a random end, of at most `most` characters; a long stage is cut. For what AWS
 * refuses where the name is taken: what a killed deployment left behind stops no other. Each
 * deployment makes up another end, so give the resource `keepsName`, as SST does for its own.
 */
export function uniqueInStage(name: string, most: number): string {
  const end = `${name}-${randomBytes(4).toString('hex')}`;
  const stage = $app.stage.slice(0, most - $app.name.length - end.length - 2);
  return `${$app.name}-${stage}-${end}`;
}

export const keepsName = { ignoreChanges: ['name'] };
