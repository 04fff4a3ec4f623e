import { isObject, type Json, type JsonObject } from './json-object.ts';

/**
 * Reads a field selector, `metadata.name=server-a,involvedObject.kind!=Pod`, and returns what it
 * selects. Undefined: it is malformed.
 */
export function readFieldSelector(text: string): ((object: JsonObject) => boolean) | undefined {
  const terms = text.split(',').flatMap((term) => {
    const [, path, operator, value = ''] = /^([\w.]+)(==?|!=)(.*)$/.exec(term) ?? [];
    return path === undefined || operator === undefined ? [] : [{ path, operator, value }];
  });
  if (text !== '' && terms.length !== text.split(',').length) return undefined;
  return (object) =>
    terms.every(
      ({ path, operator, value }) => (fieldAt(object, path) === value) === (operator !== '!='),
    );
}

function fieldAt(object: JsonObject, path: string): Json {
  let at: Json = object;
  for (const name of path.split('.')) at = isObject(at) ? (at[name] ?? '') : '';
  return at;
}
