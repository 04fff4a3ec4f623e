import { harmless } from '../../../../cli/output/paint.ts';

export type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | boolean | undefined>>;

/**
 * An element with attributes (`true`: present and empty) and children. A string becomes text, never
 * HTML, without control and direction characters.
 */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(attribute, '');
    if (typeof value === 'string') made.setAttribute(attribute, harmless(value));
  }
  made.append(...nodesOf(children));
  return made;
}

const nodesOf = (children: readonly Child[]): readonly Node[] =>
  children
    .filter((child) => child !== undefined)
    .map((child) => (typeof child === 'string' ? document.createTextNode(harmless(child)) : child));

/**
 * Makes the children of an element look like these, which are new ones. What is there already
 * changes in place, with its focus, its selection and its listeners.
 */
export function fill(parent: Element, ...children: readonly Child[]): void {
  const nodes = nodesOf(children);
  nodes.forEach((node, index) => {
    const before = parent.childNodes[index];
    if (before === undefined) parent.append(node);
    else if (!becomes(before, node)) before.replaceWith(node);
  });
  while (parent.childNodes.length > nodes.length) parent.lastChild?.remove();
}

/** Whether one node could be changed into the other. */
function becomes(before: Node, after: Node): boolean {
  if (before instanceof Text && after instanceof Text) {
    if (before.data !== after.data) before.data = after.data;
    return true;
  }
  if (!(before instanceof Element && after instanceof Element)) return false;
  if (before.tagName !== after.tagName) return false;
  // A person opens and closes it; and a style that is set as an attribute is inline (CSP).
  const own = new Set(['open', 'style']);
  for (const name of before.getAttributeNames())
    if (!after.hasAttribute(name) && !own.has(name)) before.removeAttribute(name);
  for (const name of after.getAttributeNames()) {
    if (own.has(name)) continue;
    const value = after.getAttribute(name) ?? '';
    if (before.getAttribute(name) !== value) before.setAttribute(name, value);
  }
  if (before instanceof HTMLElement && after instanceof HTMLElement)
    before.style.cssText = after.style.cssText;
  fill(before, ...after.childNodes);
  return true;
}

/** Listens on one element for events of those of its descendants that match. */
export function on<Kind extends keyof HTMLElementEventMap>(
  parent: HTMLElement,
  kind: Kind,
  selector: string,
  listener: (target: HTMLElement, event: HTMLElementEventMap[Kind]) => void,
): void {
  parent.addEventListener(kind, (event) => {
    const target = event.target instanceof Element ? event.target.closest(selector) : null;
    if (target instanceof HTMLElement) listener(target, event);
  });
}

/** A button with a listener of its own. */
export function button(
  label: string,
  attributes: Attributes,
  pressed: () => void,
): HTMLButtonElement {
  const made = element('button', { type: 'button', ...attributes }, label);
  made.addEventListener('click', () => {
    if (made.ariaDisabled !== 'true') pressed();
  });
  return made;
}

/** Shows that the work of a button runs. It keeps its focus, and a second press does nothing. */
export async function whileBusy(control: HTMLButtonElement, work: Promise<void>): Promise<void> {
  control.ariaDisabled = 'true';
  control.dataset['busy'] = '';
  await work.finally(() => {
    control.ariaDisabled = null;
    delete control.dataset['busy'];
  });
}

/** A select with its label above or beside it. */
export function choose(
  label: string,
  attributes: Attributes,
  chosen: (value: string) => void,
): { readonly label: HTMLLabelElement; readonly select: HTMLSelectElement } {
  const select = element('select', attributes);
  select.addEventListener('change', () => chosen(select.value));
  return { label: element('label', {}, element('span', {}, label), select), select };
}

/** The choices of a select, of which one stays chosen. */
export function setOptions(
  select: HTMLSelectElement,
  options: readonly (readonly [value: string, label: string])[],
  value: string,
): void {
  fill(select, ...options.map(([each, label]) => element('option', { value: each }, label)));
  select.value = value;
}
