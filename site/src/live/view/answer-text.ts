import { counted } from '../../../../cli/output/table.ts';
import type { Answer } from '../session/person-session.ts';

/** Why a request failed, and what to do, as sentences. Pure. */
export function answerText(answer: Exclude<Answer, { kind: 'ok' }>): string {
  switch (answer.kind) {
    case 'problem': {
      const { title, detail, hint, retryAfterSeconds } = answer;
      if (retryAfterSeconds !== undefined)
        return sentences(title, detail, `Try again in ${waitText(retryAfterSeconds)}.`);
      return sentences(title, detail, hint?.replaceAll('`', ''));
    }
    case 'unreachable':
      return sentences(
        'The endpoint cannot be reached',
        answer.message,
        'Check your connection and that the endpoint runs. This page asks again every minute.',
      );
  }
}

const waitText = (seconds: number): string =>
  seconds < 120 ? counted(seconds, 'second') : counted(Math.ceil(seconds / 60), 'minute');

const sentences = (...parts: readonly (string | undefined)[]): string =>
  parts
    .filter((part) => part !== undefined)
    .filter((part) => part !== '')
    .map((part) => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(' ');
