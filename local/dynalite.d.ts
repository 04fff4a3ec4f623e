declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** A DynamoDB-compatible server in memory, to be started with `listen`. */
  export default function dynalite(options?: {
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }): Server;
}
