import { afterAll, beforeAll, describe } from 'vitest';
import { type Store, startStore } from '../../local/dynamodb.ts';
import { memoryTable } from '../../local/memory-table.ts';
import { storeContract } from './store.ts';
import { placeOf } from './table-place.ts';

describe('in memory', () => {
  const table = memoryTable();
  storeContract(() => ({ table, dump: async () => table.rows() }));
});

describe('dynalite', () => {
  let local: Store;
  beforeAll(async () => {
    local = await startStore();
  });
  afterAll(() => local.close());
  storeContract(() => placeOf(local.client, local.table));
});
