import { Logger } from '@aws-lambda-powertools/logger';

/**
 * A line of the log. What it says beside `message` are facts; secrets, tokens and bodies are never
 * among them.
 */
export type Line = {
  readonly message: string;
  readonly level?: 'info' | 'warn' | 'error';
} & Readonly<Record<string, unknown>>;

/**
 * Gives the function that writes lines as JSON to stdout, where Lambda takes them from; each with
 * time, level and the function's name.
 */
export function lineWriter(service: 'sweep' | 'api'): (line: Line) => void {
  const logger = new Logger({ serviceName: service });
  return ({ message, level = 'info', ...facts }) => logger[level](message, facts);
}
