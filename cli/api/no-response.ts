import { CliError } from '../context.ts';

/** There was no response at all, or only a part of one. */
export class NoResponse extends CliError {
  constructor({ origin }: URL, what: string, hint: string) {
    super(`${origin}: ${what}.`, { hint });
  }
}
