/** What the reader chooses, and how the choice is written in the address of the page. */
import { type AnswerName, answers } from './answers.ts';

export const times = [1, 2, 3] as const;
export type Times = (typeof times)[number];

/** The reader's own sign-in, by its name in the address of the page. */
export const signIns = {
  'signed-out': 'not signed in to muster',
  none: 'signed in to muster only',
  fresh: 'signed in to this server',
  expired: 'signed in, but the sign-in has expired',
  sso: 'using single sign-on',
  'sso-forbidden': 'single sign-on, not allowed',
} as const;
export type SignInName = keyof typeof signIns;

/** What the server answered before, by its name in the address of the page. */
export const befores = [
  { name: 'nothing', label: 'nothing: it is new' },
  { name: '401', label: '401 Unauthorized' },
  { name: '200', label: '200, MCP without a sign-in' },
] as const;
export type Before = (typeof befores)[number]['name'];

export type Choice = {
  readonly answer: AnswerName;
  readonly times: Times;
  readonly signIn: SignInName;
  readonly before: Before;
};
export const firstChoice: Choice = {
  answer: '401',
  times: 1,
  signIn: 'none',
  before: 'nothing',
};

export const signInNames = Object.keys(signIns).filter(
  (name): name is SignInName => name in signIns,
);

/**
 * The reader's choice from the address. A missing or unknown value becomes the first choice.
 */
export function choiceOf(valueOf: (parameter: string) => unknown): Choice {
  const answer = answers.find(({ name }) => name === valueOf('answer'))?.name;
  const signIn = signInNames.find((name) => name === valueOf('sign-in'));
  const count = times.find((number) => String(number) === valueOf('times'));
  const before = befores.find(({ name }) => name === valueOf('before'))?.name;
  return {
    answer: answer ?? firstChoice.answer,
    times: count ?? firstChoice.times,
    signIn: signIn ?? firstChoice.signIn,
    before: before ?? firstChoice.before,
  };
}

/** The parameters of the address, which `choiceOf` reads. */
export const parametersOf = ({
  answer,
  before,
  times: count,
  signIn,
}: Choice): Record<string, string> => ({
  answer,
  before,
  times: String(count),
  'sign-in': signIn,
});
