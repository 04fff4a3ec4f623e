/** A part of a page as tabs: one for each heading of the third level. Without this, it reads on. */

type Tab = { readonly button: HTMLButtonElement; readonly panel: HTMLElement; readonly id: string };

class PageTabs extends HTMLElement {
  readonly #tabs: Tab[] = [];

  connectedCallback(): void {
    // A copy: each child leaves the live collection while it is walked.
    const children = Array.from(this.children);
    for (const child of children) {
      const heading = child.matches('h3') ? child : child.querySelector(':scope > h3');
      if (heading !== null) this.#tabs.push(this.#tabOf(heading));
      this.#tabs.at(-1)?.panel.append(child);
    }
    const list = document.createElement('div');
    list.className = 'not-content';
    list.role = 'tablist';
    list.ariaLabel = this.dataset['label'] ?? null;
    list.append(...this.#tabs.map(({ button }) => button));
    this.replaceChildren(list, ...this.#tabs.map(({ panel }) => panel));
    list.addEventListener('keydown', (event) => this.#move(event));
    this.#select(this.#tabs[0]);
    // The table of contents and links from other pages lead to a heading.
    this.#follow();
    addEventListener('hashchange', () => this.#follow());
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
    button.addEventListener('click', () => this.#select(tab));
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
    this.#select(next);
    next?.button.focus();
  }

  #follow(): void {
    const wanted = this.#tabs.find(({ id }) => `#${id}` === location.hash);
    if (wanted === undefined) return;
    this.#select(wanted);
    this.scrollIntoView();
  }
}

customElements.define('muster-tabs', PageTabs);

// Nothing is exported, and still it is a module: a page imports it when it has tabs.
export {};
