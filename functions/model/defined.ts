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
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as Defined<Given>;
}
