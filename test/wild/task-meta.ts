import 'vitest';
import type { Row } from './drive-case.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** A row of the case table, and its kind. */
    wild?: Row & { readonly kind: string };
    /** Hints that were walked. */
    walked?: number;
  }
}

/** The end of the names of the tests that walk the hints of a case. */
export const hintsLeadOn = ': its hints lead on';
