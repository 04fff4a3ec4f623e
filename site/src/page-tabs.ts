/**
 * A part of a page as tabs: one for each heading of the level of the first one. Without this, it
 * reads on. Tabs with the same label show the same choice, on this page and on every other.
 */

type Tab = { readonly button: HTMLButtonElement; readonly panel: HTMLElement; readonly id: string };

/** The choice of a person, by the label of the tabs: the text of the heading. */
const storageKey = (label: string): string => `muster-tabs ${label}`;

/** Undefined: there is none, or the browser keeps nothing for this site. */
function storedChoice(label: string): string | undefined {
  try {
    return localStorage.getItem(storageKey(label)) ?? undefined;
  } catch {
    return undefined;
  }
}

function storeChoice(label: string, choice: string): void {
  try {
    localStorage.setItem(storageKey(label), choice);
  } catch {
    // Without storage, the choice holds on this page only.
  }
}

const chosenEvent = 'muster-tab-chosen';

class PageTabs extends HTMLElement {
  readonly #tabs: Tab[] = [];

  connectedCallback(): void {
    // A copy: each child leaves the live collection while it is walked.
    const children = Array.from(this.children);
    const level = this.querySelector('h3, h4')?.localName ?? 'h3';
    for (const child of children) {
      const heading = child.matches(level) ? child : child.querySelector(`:scope > ${level}`);
      if (heading !== null) this.#tabs.push(this.#tabOf(heading));
      this.#tabs.at(-1)?.panel.append(child);
    }
    const list = document.createElement('div');
    list.className = 'not-content';
    list.role = 'tablist';
    list.ariaLabel = this.#label;
    list.append(...this.#tabs.map(({ button }) => button));
    this.replaceChildren(list, ...this.#tabs.map(({ panel }) => panel));
    list.addEventListener('keydown', (event) => this.#move(event));
    this.#select(this.#named(storedChoice(this.#label)) ?? this.#tabs[0]);
    addEventListener(chosenEvent, (event) => {
      if (!(event instanceof CustomEvent) || event.detail.label !== this.#label) return;
      const same = this.#named(event.detail.choice);
      if (same !== undefined) this.#select(same);
    });
    // The table of contents and links from other pages lead to a heading.
    this.#follow();
    addEventListener('hashchange', () => this.#follow());
  }

  get #label(): string {
    return this.dataset['label'] ?? '';
  }

  #named(name: string | undefined): Tab | undefined {
    return this.#tabs.find(({ button }) => button.textContent === name);
  }

  /** A person chose this tab, so the others with the same label follow, without a jump. */
  #choose(tab: Tab): void {
    const choice = tab.button.textContent;
    const top = this.getBoundingClientRect().top;
    storeChoice(this.#label, choice);
    dispatchEvent(new CustomEvent(chosenEvent, { detail: { label: this.#label, choice } }));
    scrollBy({ top: this.getBoundingClientRect().top - top, behavior: 'instant' });
  }

  #tabOf({ id, textContent }: Element): Tab {
    const button = document.createElement('button');
    const panel = document.createElement('section');
    const tab = { button, panel, id };
    button.role = 'tab';
    button.type = 'button';
    button.id = `tab-${id}`;
    button.textContent = textContent;
    button.setAttribute('aria-controls', `panel-${id}`);
    button.addEventListener('click', () => this.#choose(tab));
    panel.role = 'tabpanel';
    panel.id = `panel-${id}`;
    panel.setAttribute('aria-labelledby', button.id);
    return tab;
  }

  #select(chosen: Tab | undefined): void {
    for (const tab of this.#tabs) {
      const isChosen = tab === chosen;
      tab.panel.hidden = !isChosen;
      tab.button.ariaSelected = String(isChosen);
      tab.button.tabIndex = isChosen ? 0 : -1;
    }
  }

  /** As in the pattern of WAI-ARIA: the arrows move between tabs. */
  #move(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };
    const step = steps[event.key];
    if (step === undefined) return;
    const at = this.#tabs.findIndex(({ button }) => button === document.activeElement);
    const next = this.#tabs.at((at + step) % this.#tabs.length);
    if (next === undefined) return;
    this.#choose(next);
    next.button.focus();
  }

  #follow(): void {
    const wanted = this.#tabs.find(({ id }) => `#${id}` === decodeURIComponent(location.hash));
    if (wanted === undefined) return;
    this.#select(wanted);
    this.scrollIntoView();
  }
}

customElements.define('muster-tabs', PageTabs);

// Nothing is exported, and still it is a module: a page imports it when it has tabs.
export {};
