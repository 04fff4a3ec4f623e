import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { readArguments } from '../../infra/arguments.ts';
import {
  environmentBytes,
  functionEnvironments,
} from '../../infra/arguments/function-environment.ts';
import { deployed, isMissing } from './deployed.ts';
import { owner } from './evaluate.ts';

const variablesSchema = z.object({
  environment: z.object({ variables: z.record(z.string(), z.string()) }),
});

describe.skipIf(isMissing)(
  'the size of the environment that is checked before a deployment',
  () => {
    const foreseen = functionEnvironments(readArguments(owner), 'production');

    test.each(['Sweep', 'Api'] as const)('is that of the function %s, and never less', (name) => {
      const recorded = Object.entries(
        variablesSchema.parse(deployed().inputs('Function', `${name}Function`)).environment
          .variables,
      );
      expect(Object.keys(foreseen[name])).toEqual(
        expect.arrayContaining(recorded.map(([variable]) => variable)),
      );
      const bytes = environmentBytes(Object.fromEntries(recorded));
      expect(environmentBytes(foreseen[name])).toBeGreaterThanOrEqual(bytes);
      expect(environmentBytes(foreseen[name])).toBeLessThan(bytes + 500);
    });
  },
);
