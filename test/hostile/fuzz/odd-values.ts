import {
  type Arbitrary,
  anything,
  constant,
  constantFrom,
  dictionary,
  double,
  integer,
  jsonValue,
  oneof,
  record,
  string,
} from 'fast-check';

/** Text as hostile parties write it: any Unicode, control sequences, line breaks, long runs. */
export const oddText: Arbitrary<string> = oneof(
  string({ unit: 'binary', maxLength: 40 }),
  string({ maxLength: 40 }),
  constantFrom(
    '',
    ' ',
    '\u0000',
    '\r\nX-Injected: 1',
    '\u001b[2J\u001b[31m',
    '\u202egpj.exe',
    '\u2028\u2029',
    '\ud800',
    '<script>alert(1)</script>',
    '"; DROP TABLE grants; --',
    '{{constructor.constructor("return 1")()}}',
    '../../../../etc/passwd',
    '%2e%2e%2f%00',
    '__proto__',
    'constructor',
    'null',
    'NaN',
    '-1',
    '9223372036854775807',
    'true',
    'http://169.254.169.254/',
    'javascript:alert(1)',
    'x'.repeat(5_000),
    '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'.repeat(200),
  ),
);

export const oddNumber: Arbitrary<number> = oneof(
  integer(),
  double(),
  constantFrom(0, -0, -1, 1e21, 2 ** 63, 8.64e15, 1e300, Number.MIN_VALUE),
);

/** A value of JSON that nobody expects. */
export const oddJson: Arbitrary<unknown> = oneof(
  oddText,
  oddNumber,
  constantFrom(null, true, false, [], {}, [[]], [null], { length: 1e9 }),
  jsonValue({ maxDepth: 3 }),
  constant(null).map(() => nested(60)),
);

/** Not only of JSON: what a runtime may hand over. */
export const oddAnything: Arbitrary<unknown> = oneof(oddJson, anything({ maxDepth: 3 }));

const nested = (levels: number): unknown =>
  Array.from({ length: levels }).reduce((inside) => ({ inside: [inside] }), {});

/**
 * An object whose members are mostly as they should be: each may be missing or odd, and there may be
 * others.
 */
export const nearly = (members: Readonly<Record<string, Arbitrary<unknown>>>): Arbitrary<object> =>
  oneof(
    {
      weight: 8,
      arbitrary: record(
        Object.fromEntries(
          Object.entries(members).map(([name, right]) => [
            name,
            oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: oddJson }),
          ]),
        ),
        { requiredKeys: Object.keys(members) },
      ),
    },
    { weight: 3, arbitrary: record(members, { requiredKeys: [] }) },
    { weight: 1, arbitrary: dictionary(oddText, oddJson, { maxKeys: 5 }) },
  );
