import { isRecord } from '../../functions/model/json.ts';

/** JSON as the cluster holds it: never changed, always replaced. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** Holds for what was parsed from JSON: its members are JSON again. */
export const isObject = (value: unknown): value is JsonObject => isRecord(value);

export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** The object without some of its keys. */
export const without = (object: JsonObject, ...keys: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));

/** JSON merge patch (RFC 7396): null removes, objects merge, everything else replaces. */
export function merge(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, merge(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}
