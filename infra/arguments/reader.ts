/** The environment of `npx sst deploy`, read with all problems at once. */

export type Environment = Readonly<Record<string, string | undefined>>;

export type ArgumentReader = {
  /** Undefined: not given, or empty. */
  readonly text: (name: string) => string | undefined;
  /** Comma-separated. */
  readonly list: (name: string) => string[];
  readonly isOn: (name: string, fallback: 'on' | 'off') => boolean;
  /** A line for the person who deploys: what is wrong, and the command that mends it. */
  readonly report: (problem: string) => void;
  readonly problems: readonly string[];
};

export function argumentReader(environment: Environment): ArgumentReader {
  const problems: string[] = [];
  const text = (name: string): string | undefined => environment[name] || undefined;
  const report = (problem: string): void => void problems.push(problem);
  return {
    text,
    list: (name) => (text(name) ?? '').split(',').filter((item) => item !== ''),
    isOn: (name, fallback) => {
      const value = text(name) ?? fallback;
      if (value !== 'on' && value !== 'off') report(`${name} is "${value}". Set it to on or off.`);
      return value === 'on';
    },
    report,
    problems,
  };
}
