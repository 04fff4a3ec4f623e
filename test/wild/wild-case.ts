/**
 * What a row of the case table is. A case says what the world is like and what is right; the defaults
 * are those of a sign-in that works. To add a row: put it into the file of its kind in `cases/`,
 * with the place where people met it (repository#number) as a comment, and, where the world cannot
 * do it yet, an option in `test/world/issuer-quirks.ts` or `test/world/wild-server.ts`.
 */
import type { Environment } from '../../functions/model/setting-reader.ts';
import type { IssuerQuirks } from '../world/issuer-quirks.ts';
import type { ServerQuirks } from '../world/wild-server.ts';
import type { Facts, Scene } from './scene.ts';

export type Surroundings = {
  /** The issuer of the MCP server. */
  readonly issuer?: IssuerQuirks;
  /** It is at https: a pin in `spec.auth` must be. */
  readonly https?: boolean;
  readonly server?: ServerQuirks;
  /** The issuer that signs people in to muster, where it is no good one. */
  readonly people?: IssuerQuirks;
  /** `spec.auth` and `spec.url` of the MCPServer. */
  readonly auth?: (facts: Facts) => object;
  readonly url?: (facts: Facts) => string;
  /** Settings of the endpoint. */
  readonly settings?: (facts: Facts) => Environment;
  /** The endpoint is at https: only then an issuer can read our client metadata document. */
  readonly secureEndpoint?: boolean;
  /** The endpoint is at https and has a name that only the proxy in HTTPS_PROXY resolves. */
  readonly proxied?: boolean;
  /** Environment of every command. */
  readonly environment?: Readonly<Record<string, string>>;
};

type Code = 0 | 1 | 2 | 3 | 4 | 'interrupted';

/** How a command should end. Several codes: people do not mind which. */
export type Outcome = {
  /** `interrupted`: it waited for a browser that got stuck at the issuer, until Ctrl-C. */
  readonly code: Code | readonly Code[];
  /** All of these are in what it prints. */
  readonly says?: readonly RegExp[];
  /** Where it ends with another code than 0: these, too. */
  readonly elseSays?: readonly RegExp[];
  readonly never?: readonly RegExp[];
};

export type WildCase = Surroundings & {
  /** A sentence about the product. */
  readonly name: string;
  /** What happens before the sign-in to muster. */
  readonly before?: (scene: Scene) => Promise<void> | void;
  /** How a sign-in to muster ends; where it fails, nothing else is tried. Default: code 0. */
  readonly musterSignIn?: Outcome;
  /** How `auth login --server` ends. `none`: it is not tried. Default: code 0. */
  readonly signIn?: Outcome | 'none';
  /** The same once more, after what went wrong at first is over. */
  readonly secondSignIn?: Outcome;
  /** What happens between the first sign-in and the second. */
  readonly meanwhile?: (scene: Scene) => Promise<void> | void;
  /** What happens later; then the session is looked at. */
  readonly later?: (scene: Scene) => Promise<void> | void;
  /** SESSION after `auth status --verify`. Default: Authenticated. */
  readonly session?: string;
  /** How `auth status --verify` ends. Default: by the session. */
  readonly verify?: Outcome;
  /** What `auth status --server` says of the problem. */
  readonly problem?: readonly RegExp[];
  /** Sign-out, where it does not leave `Pending Auth`. */
  readonly signedOut?: string;
  /** Further facts that must hold at the end. */
  readonly holds?: (scene: Scene) => Promise<void> | void;
  /** Leniency that is declined, and why: what is asserted is the refusal. */
  readonly declined?: string;
};

/** Cases of one kind: a row of what people reported. */
export type Kind = { readonly kind: string; readonly cases: readonly WildCase[] };
