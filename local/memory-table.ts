import { isRecord } from '../functions/model/json.ts';
import type {
  Attributes,
  Key,
  Precondition,
  Table,
} from '../functions/adapters/dynamodb/dynamo-table.ts';

/**
 * The table of the sessions in the memory of this process. It ends with the process, and no other
 * process sees it.
 */
export function memoryTable(): Table & { readonly rows: () => readonly Attributes[] } {
  const rows = new Map<string, Attributes>();
  const isAllowed = (found: Attributes | undefined, condition: Precondition | undefined) =>
    condition === undefined || holds(condition, found);
  return {
    rows: () => [...rows.values()],
    get: async (key) => rows.get(idOf(key)),
    put: async (key, attributes, condition) => {
      const id = idOf(key);
      if (!isAllowed(rows.get(id), condition)) return false;
      rows.set(id, structuredClone({ ...key, ...attributes }));
      return true;
    },
    putAll: async (all) => {
      for (const { key, attributes } of all)
        rows.set(idOf(key), structuredClone({ ...key, ...attributes }));
    },
    deleteAll: async (keys) => {
      for (const key of keys) rows.delete(idOf(key));
    },
    update: async (key, attributes) => {
      const id = idOf(key);
      const found = rows.get(id);
      if (found === undefined) return false;
      rows.set(id, structuredClone({ ...found, ...attributes }));
      return true;
    },
    count: async (key, { name, most }, attributes) => {
      const id = idOf(key);
      const found = rows.get(id);
      const counted = Number(found?.[name] ?? 0);
      if (counted >= most) return false;
      rows.set(id, structuredClone({ ...found, ...key, ...attributes, [name]: counted + 1 }));
      return true;
    },
    delete: async (key, condition) => {
      const id = idOf(key);
      const found = rows.get(id);
      if (!isAllowed(found, condition)) return undefined;
      rows.delete(id);
      return found;
    },
    query: async (pk, { names, prefix = '', limit = Infinity, descending = false }) =>
      [...rows.values()]
        .filter((row) => row['pk'] === pk && String(row['sk']).startsWith(prefix))
        .sort((one, other) => (String(one['sk']) < String(other['sk']) === descending ? 1 : -1))
        .slice(0, limit)
        .map((row) => Object.assign({}, ...['sk', ...names].map((name) => picked(row, name)))),
  };
}

/** That attribute alone, or with `map.member` that member of a map; nothing where it is not there. */
function picked(row: Attributes, name: string): Attributes {
  const [first = '', ...rest] = name.split('.');
  const value = row[first];
  if (value === undefined) return {};
  if (rest.length === 0) return { [first]: value };
  if (!isRecord(value)) return {};
  const inner = picked(value, rest.join('.'));
  return Object.keys(inner).length === 0 ? {} : { [first]: inner };
}

const idOf = ({ pk, sk }: Key): string => JSON.stringify([pk, sk]);

function holds(condition: Precondition, found: Attributes | undefined): boolean {
  switch (condition.kind) {
    case 'absent':
      return found === undefined;
    case 'absentOrAtMost':
      return found === undefined || Number(found[condition.name]) <= condition.most;
    case 'equal':
      return found?.[condition.name] === condition.value;
  }
}
