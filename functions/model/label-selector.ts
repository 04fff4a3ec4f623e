export type Labels = Readonly<Record<string, string>>;

/** Whether an object with these labels is selected. */
export type Selects = (labels: Labels) => boolean;

/** In characters. It becomes part of an address. */
export const longestSelector = 1_000;

const name = '[A-Za-z0-9](?:[\\w.-]{0,61}[A-Za-z0-9])?';
const key = `(?<key>(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?${name})`;
const equality = new RegExp(`^${key}\\s*(?<operator>==|=|!=)\\s*(?<value>(?:${name})?)$`);
const membership = new RegExp(`^${key}\\s+(?<operator>in|notin)\\s*\\((?<values>[^()]*)\\)$`);
const comparison = new RegExp(`^${key}\\s*(?<operator>[<>])\\s*(?<value>-?\\d{1,18})$`);
const existence = new RegExp(`^(?<operator>!?)\\s*${key}$`);
const forms = [equality, membership, comparison, existence];
const labelValue = new RegExp(`^(?:${name})?$`);
const wholeNumber = /^-?\d{1,18}$/;

/**
 * Reads a label selector of Kubernetes ("Labels and Selectors", section API): `a=b`, `a==b`, `a!=b`,
 * `a in (b, c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`, joined by commas. Undefined when it is not
 * one; the empty text selects everything.
 */
export function readSelector(text: string): Selects | undefined {
  if (text.length > longestSelector) return undefined;
  if (text.trim() === '') return () => true;
  const requirements = text.split(/,(?![^(]*\))/).map((part) => readRequirement(part.trim()));
  if (requirements.includes(undefined)) return undefined;
  return (labels) => requirements.every((holds) => holds?.(labels));
}

function readRequirement(text: string): Selects | undefined {
  const found = forms.map((form) => form.exec(text)).find((match) => match !== null);
  const { key = '', operator, value = '', values = value } = found?.groups ?? {};
  const isSet = operator === 'in' || operator === 'notin';
  if (isSet && values.trim() === '') return undefined;
  const allowed = isSet ? values.split(',').map((item) => item.trim()) : [value];
  if (isSet && !allowed.every((item) => labelValue.test(item))) return undefined;
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
