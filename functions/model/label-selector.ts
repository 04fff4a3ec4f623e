export type Labels = Readonly<Record<string, string>>;

/** Whether an object with these labels is selected. */
export type Selects = (labels: Labels) => boolean;

/** In characters. It becomes part of an address. */
export const longestSelector = 1_000;

// What Kubernetes takes, and nothing else: what it refuses would be a mistake of ours.
const word = '[A-Za-z0-9](?:[\\w.-]{0,61}[A-Za-z0-9])?';
const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const key = `(?<key>(?:(?=[^/]{1,253}/)${label}(?:\\.${label})*/)?${word})`;
const blanks = '[ \\t\\r\\n]*';
const formOf = (form: string): RegExp => new RegExp(`^${blanks}${form}${blanks}$`);
const forms = [
  formOf(`${key}${blanks}(?<operator>==|=|!=)${blanks}(?<value>(?:${word})?)`),
  formOf(`${key}[ \\t\\r\\n]+(?<operator>in|notin)${blanks}\\((?<values>[^()]*)\\)`),
  formOf(`${key}${blanks}(?<operator>[<>])${blanks}(?<value>\\d{1,18})`),
  formOf(`(?<operator>!?)${blanks}${key}`),
];
const listed = formOf(`(?<value>(?:${word})?)`);
const wholeNumber = /^-?\d{1,18}$/;

/**
 * Reads a label selector of Kubernetes ("Labels and Selectors", section API): `a=b`, `a==b`, `a!=b`,
 * `a in (b, c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`, joined by commas. Undefined when it is not
 * one; the empty text selects everything.
 */
export function readSelector(text: string): Selects | undefined {
  if (text.length > longestSelector) return undefined;
  if (text === '') return () => true;
  const requirements = text.split(/,(?![^(]*\))/).map(readRequirement);
  if (requirements.includes(undefined)) return undefined;
  return (labels) => requirements.every((holds) => holds?.(labels));
}

function readRequirement(text: string): Selects | undefined {
  const found = forms.map((form) => form.exec(text)).find((match) => match !== null);
  const { key = '', operator, value = '', values = value } = found?.groups ?? {};
  const isSet = operator === 'in' || operator === 'notin';
  const allowed = isSet ? valuesIn(values) : [value];
  if (allowed === undefined) return undefined;
  const of = (labels: Labels) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  const isIn = (labels: Labels) => allowed.some((item) => item === of(labels));
  const number = (labels: Labels) =>
    wholeNumber.test(of(labels) ?? '') ? Number(of(labels)) : NaN;
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return isIn;
    case '!=':
    case 'notin':
      return (labels) => !isIn(labels);
    case '>':
      return (labels) => number(labels) > Number(value);
    case '<':
      return (labels) => number(labels) < Number(value);
    case '':
      return (labels) => of(labels) !== undefined;
    case '!':
      return (labels) => of(labels) === undefined;
    case undefined:
    default:
      return undefined;
  }
}

/** Those of `(b, c)`; undefined where one of them can be of no label. `()` is the empty value. */
function valuesIn(text: string): readonly string[] | undefined {
  const values = text.split(',').map((item) => listed.exec(item)?.groups?.['value']);
  return values.every((value) => value !== undefined) ? values : undefined;
}
