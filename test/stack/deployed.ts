import { inject } from 'vitest';
import type { Evaluation, Resource } from './evaluate.ts';
import type { Stack } from './setup.ts';

// Nothing is provided where the end-to-end suite runs on the sources.
const stack: Stack | undefined = inject('stack');

/** For `describe.skipIf`. */
export const isMissing = stack?.kind !== 'there';

/** The project that was evaluated. */
export function projectFolder(): string {
  if (stack?.kind !== 'there') throw new Error('The stack was not evaluated.');
  return stack.folder;
}

/** Looks into what an evaluation made. Throws where it failed. */
export function inside(evaluation: Evaluation) {
  if (evaluation.kind === 'failed') throw new Error(evaluation.problems.join('\n'));
  const ofType = (type: string): readonly Resource[] =>
    evaluation.resources.filter((resource) => resource.type === type);
  /** The inputs of one resource, by the last part of its type and its name. */
  const inputs = (type: string, name: string): Resource['inputs'] => {
    const found = evaluation.resources.find(
      (resource) => resource.type.endsWith(`:${type}`) && resource.name === name,
    );
    if (found === undefined) throw new Error(`The stack has no ${type} ${name}.`);
    return found.inputs;
  };
  return { all: evaluation.resources, inputs, ofType, outputs: evaluation.outputs };
}

/** Production, on EKS. */
export const deployed = (): ReturnType<typeof inside> => {
  if (stack?.kind !== 'there') throw new Error('The stack was not evaluated.');
  return inside(stack.evaluation);
};
