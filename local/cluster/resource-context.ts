import type { Definition } from './definition.ts';
import type { Pager } from './list-pages.ts';
import type { ObjectStore } from './object-store.ts';

/** One resource of the cluster: what it is, and where its objects are kept. */
export type Context = {
  readonly definition: Definition;
  readonly store: ObjectStore;
  readonly pager: Pager;
};

/**
 * One request to the resource. `name` is absent for the collection, `namespace` for all namespaces.
 */
export type ResourceRequest = {
  readonly method: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly part: Part;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** The form that the client asks for: whole objects, their metadata, or a table for people. */
  readonly as: 'objects' | 'metadata' | 'table';
  readonly text: string;
};

/**
 * The two halves of an object have different writers, and a write to one half never touches the
 * other.
 */
type Part = 'main' | 'status';
