/** One case's own part of the world, and what one types there. */
import type { Ended } from '../cli/run.ts';
import type { WildIssuer } from '../world/wild-issuer.ts';
import type { WildServer } from '../world/wild-server.ts';

export type Facts = {
  readonly issuer: WildIssuer;
  readonly people: WildIssuer;
  readonly mcp: WildServer;
  readonly endpoint: string;
};

export type Typed = Ended & { readonly line: string };

/** One case's own part of the world. */
export type Scene = {
  readonly server: string;
  readonly issuer: WildIssuer;
  readonly people: WildIssuer;
  readonly mcp: WildServer;
  readonly endpoint: string;
  /** What the cluster refused of the MCPServer, a line each. */
  readonly refused: readonly string[];
  /** Types a command; the browser follows each address that it prints. */
  readonly type: (line: string, options?: TypeOptions) => Promise<Typed>;
  readonly sweep: () => Promise<void>;
  /** What another controller writes into the status. */
  readonly writeState: (state: string) => Promise<void>;
  /** What no output may hold. */
  readonly secrets: () => ReadonlySet<string>;
  readonly close: () => Promise<void>;
};

export type TypeOptions = {
  readonly environment?: Readonly<Record<string, string>>;
  /** No person: the command ends as soon as it asks for a browser. */
  readonly nobody?: boolean;
  /** Ctrl-C once this is on stderr or after so long, instead of where the browser got stuck. */
  readonly until?: { readonly says: RegExp; readonly ms: number };
};
