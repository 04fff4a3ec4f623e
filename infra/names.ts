/** `muster-STAGE-NAME`, so that two stages in one account never share a resource. */
export const inStage = (name: string): string => `${$app.name}-${$app.stage}-${name}`;

/**
 * The beginning of a name whose end the provider makes up, of at most `most` characters: a long
 * stage is cut. For names that AWS refuses when they are taken: what a killed deployment left behind
 * would stop every other one.
 */
export function prefixInStage(name: string, most: number): string {
  const stage = $app.stage.slice(0, most - $app.name.length - name.length - 3);
  return `${$app.name}-${stage}-${name}-`;
}
