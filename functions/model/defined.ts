/** An object type whose members that may be undefined are optional instead. */
export type Defined<Given> = {
  [Name in keyof Given as undefined extends Given[Name] ? never : Name]: Given[Name];
} & {
  [Name in keyof Given as undefined extends Given[Name] ? Name : never]?: Exclude<
    Given[Name],
    undefined
  >;
};

/**
 * The object without its undefined members: an optional property is absent, never undefined
 * (`exactOptionalPropertyTypes`), and JSON and tests see the same object. `Text` is there so that
 * `kind: 'exchanged'` keeps its literal type.
 */
export function defined<
  Text extends string,
  Given extends Readonly<Record<string, Text | number | boolean | object | null | undefined>>,
>(given: Given): Defined<Given> {
  // A loop: an object in every row of every list is made here, and entries are five times slower.
  const present: Record<string, unknown> = {};
  for (const name of Object.keys(given)) {
    const value = given[name];
    if (value !== undefined) present[name] = value;
  }
  return present as Defined<Given>;
}
