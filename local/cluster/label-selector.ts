type Labels = Readonly<Record<string, string>>;
export type Selector = (labels: Labels) => boolean;

const equality = /^(?<key>[\w./-]+)\s*(?<operator>==|=|!=)\s*(?<value>[\w.-]*)$/;
const membership = /^(?<key>[\w./-]+)\s+(?<operator>in|notin)\s+\((?<values>[^()]*)\)$/;
const existence = /^(?<operator>!?)\s*(?<key>[\w./-]+)$/;

/**
 * Reads a label selector: `a=b`, `a!=b`, `a in (b, c)`, `a notin (b)`, `a`, `!a`, joined by commas.
 * Undefined when it is not one.
 */
export function readSelector(text: string): Selector | undefined {
  const requirements =
    text.trim() === ''
      ? []
      : text.split(/,(?![^(]*\))/).map((part) => readRequirement(part.trim()));
  if (requirements.includes(undefined)) return undefined;
  return (labels) => requirements.every((holds) => holds?.(labels));
}

function readRequirement(text: string): Selector | undefined {
  const {
    key = '',
    operator,
    value,
    values,
  } = (equality.exec(text) ?? membership.exec(text) ?? existence.exec(text))?.groups ?? {};
  const allowed = values === undefined ? [value] : values.split(',').map((item) => item.trim());
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return (labels) => allowed.includes(labels[key]);
    case '!=':
    case 'notin':
      return (labels) => !allowed.includes(labels[key]);
    case '':
      return (labels) => Object.hasOwn(labels, key);
    case '!':
      return (labels) => !Object.hasOwn(labels, key);
    case undefined:
    default:
      return undefined;
  }
}
