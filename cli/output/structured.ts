import { json, yaml } from './yaml.ts';

/** A value as JSON or YAML. */
export const structured = (value: unknown, format: 'json' | 'yaml'): string =>
  format === 'json' ? `${json(value, 2)}\n` : yaml(value);

export const isStructured = (format: string | undefined): format is 'json' | 'yaml' =>
  format === 'json' || format === 'yaml';
