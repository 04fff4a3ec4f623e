/** Table and issuer of `bench/list/list.ts`, in a process of their own. */
import { startStore } from '../../local/dynamodb.ts';
import { startIssuer } from '../../local/issuer.ts';

const [store, issuer] = await Promise.all([startStore(), startIssuer()]);
process.send?.({ storeUrl: store.url, table: store.table, issuerUrl: issuer.url });
process.once('disconnect', () => process.exit());
