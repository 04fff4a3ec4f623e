import { Logger } from '@aws-lambda-powertools/logger';
import type { LogLine } from '../model/log-line.ts';

/**
 * Makes the function that writes log lines as JSON to stdout, which Lambda collects. Each line has
 * the time, the level and the name of the function.
 */
export function lineWriter(service: 'sweep' | 'api'): (line: LogLine) => void {
  const logger = new Logger({ serviceName: service });
  return ({ message, level = 'info', ...facts }) => logger[level](message, facts);
}
