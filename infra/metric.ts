/** A metric of CloudWatch, by what names it there. */
export type Metric = {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions?: Readonly<Record<string, $util.Input<string>>>;
};
