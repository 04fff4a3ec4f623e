import { Logger } from '@aws-lambda-powertools/logger';
import type { LogLine } from '../model/log-line.ts';

/**
 * Gives the function that writes lines as JSON to stdout, where Lambda takes them from; each with
 * time, level and the function's name.
 */
export function lineWriter(service: 'sweep' | 'api'): (line: LogLine) => void {
  const logger = new Logger({ serviceName: service });
  return ({ message, level = 'info', ...facts }) => logger[level](message, facts);
}
