/** Reads settings of the table one by one, and says all that is wrong with them at once. */
import { type Setting, type SettingName, settings } from './settings-table.ts';

/** The environment of a function: `process.env`, or the one a local world gives it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings are missing or unusable; the message has a line for each, which says what to do. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** Reads single settings. It gives a stand-in for one with a problem: `readAll` throws before its use. */
export type Reader = {
  readonly report: (problem: string) => void;
  /** The value, or the fallback; required where there is none. */
  readonly text: (name: SettingName) => string;
  readonly optionalText: (name: SettingName) => string | undefined;
  /** Above zero. */
  readonly number: (name: SettingName) => number;
  readonly numberOrZero: (name: SettingName) => number;
  readonly list: (name: SettingName) => readonly string[];
  readonly isOn: (name: SettingName) => boolean;
  /** An address, exactly as it was written. */
  readonly address: (name: SettingName) => string;
  readonly url: (name: SettingName) => URL;
  readonly optionalUrl: (name: SettingName) => URL | undefined;
};

/** What the function makes of the settings. Throws `SettingError` with the problems of all of them. */
export function readAll<Read>(
  environment: Environment,
  settingsFrom: (from: Reader) => Read,
): Read {
  // A setting that is read twice has its problem once.
  const problems = new Set<string>();
  const parsed = settingsFrom(readerOf(environment, (problem) => void problems.add(problem)));
  if (problems.size > 0) throw new SettingError([...problems].join('\n'));
  return parsed;
}

function readerOf(environment: Environment, report: Reader['report']): Reader {
  const text = (name: SettingName): string => {
    const { fallback }: Setting = settings[name];
    const value = environment[name] || fallback;
    if (value === undefined)
      report(`${name} is not set. Give it to the function under "environment" in sst.config.ts.`);
    return value ?? '';
  };
  const optionalText = (name: SettingName): string | undefined => environment[name] || undefined;
  const url = (name: SettingName): URL => {
    const value = text(name);
    const parsed = URL.parse(value);
    if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return parsed;
    // One that is not set is already reported.
    if (value !== '') report(`${name} is "${value}". Give it an address: https://...`);
    return new URL('https://unset.invalid');
  };
  return {
    report,
    text,
    optionalText,
    number: (name) => {
      const value = Number(text(name));
      if (!(value > 0 && Number.isFinite(value)))
        report(`${name} is "${text(name)}". Give it a number above zero.`);
      return value;
    },
    numberOrZero: (name) => {
      const value = Number(text(name));
      if (!(value >= 0 && Number.isFinite(value)))
        report(`${name} is "${text(name)}". Give it zero or a number above zero.`);
      return value;
    },
    list: (name) =>
      text(name)
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    isOn: (name) => {
      const value = text(name);
      if (value !== 'on' && value !== 'off') report(`${name} is "${value}". Set it to on or off.`);
      return value === 'on';
    },
    address: (name) => {
      url(name);
      return environment[name] ?? '';
    },
    url,
    optionalUrl: (name) => (optionalText(name) === undefined ? undefined : url(name)),
  };
}
