/** Metrics in log lines, as CloudWatch reads them. */
import * as z from 'zod/mini';

const oneOrMore = z.array(z.string().check(z.minLength(1), z.maxLength(250)));

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
const documentSchema = z.looseObject({
  _aws: z.object({
    Timestamp: z.int().check(z.positive()),
    CloudWatchMetrics: z
      .array(
        z.strictObject({
          Namespace: z.string().check(z.minLength(1), z.maxLength(1024)),
          Dimensions: z.array(oneOrMore.check(z.maxLength(30))).check(z.minLength(1)),
          Metrics: z
            .array(
              z.strictObject({
                Name: z.string().check(z.minLength(1), z.maxLength(1024)),
                Unit: z.optional(z.enum(['Count', 'Milliseconds'])),
                StorageResolution: z.optional(z.enum({ high: 1, standard: 60 })),
              }),
            )
            .check(z.minLength(1), z.maxLength(100)),
        }),
      )
      .check(z.minLength(1)),
  }),
});
const valueSchema = z.number();
const dimensionSchema = z.string().check(z.minLength(1), z.maxLength(1024));

/** One value of one metric, by all that names it in CloudWatch. */
export type Emitted = {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
};

/** The metrics of these lines. Throws for a line of the format that CloudWatch would not take. */
export const emittedIn = (lines: readonly string[]): readonly Emitted[] =>
  lines
    .filter((line) => line.includes('"_aws"'))
    .flatMap((line) => {
      const document = documentSchema.parse(JSON.parse(line));
      return document._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
        Dimensions.flatMap((names) =>
          Metrics.map(({ Name }) => ({
            namespace: Namespace,
            name: Name,
            dimensions: Object.fromEntries(
              names.map((name) => [name, dimensionSchema.parse(document[name])]),
            ),
            value: valueSchema.parse(document[Name]),
          })),
        ),
      );
    });

/** Of a metric, for comparisons. */
export const idOf = ({ namespace, name, dimensions }: Omit<Emitted, 'value'>): string =>
  [
    namespace,
    name,
    ...Object.entries(dimensions)
      .map(([key, value]) => `${key}=${value}`)
      .toSorted(),
  ].join(' ');
