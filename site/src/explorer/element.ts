/** The explorer: three questions, and the results of the shipped functions for the answers. */
import { answers, type Choice, choiceOf, show, signInNames, signIns, times } from './cases.ts';

class Explorer extends HTMLElement {
  connectedCallback(): void {
    // The table of all cases stays on the page, folded.
    const table = this.innerHTML;
    this.innerHTML = `${form()}${results}<details><summary>All cases as a table</summary>${table}</details>`;
    const parameters = new URLSearchParams(location.search);
    const choice = choiceOf((name) => parameters.get(name));
    this.#select(choice);
    this.#show(choice);
    this.addEventListener('change', () => {
      const values = new FormData(this.#find('form', HTMLFormElement));
      const chosen = choiceOf((name) => values.get(name));
      history.replaceState(
        null,
        '',
        `?${new URLSearchParams(parametersOf(chosen)).toString()}#explorer`,
      );
      this.#show(chosen);
    });
  }

  #select(choice: Choice): void {
    const form = this.#find('form', HTMLFormElement);
    for (const [name, value] of Object.entries(parametersOf(choice))) {
      const control = form.elements.namedItem(name);
      if (control instanceof HTMLSelectElement || control instanceof RadioNodeList)
        control.value = value;
    }
  }

  #show(choice: Choice): void {
    const { list, status, state, sessionCell, reason, summary, hint } = show(choice);
    const session =
      sessionCell === undefined
        ? 'no SESSION column'
        : `SESSION ${sessionCell === '-' ? 'none (-)' : sessionCell}`;
    this.#fill(
      'verdict',
      `STATE ${state === '-' ? 'none (-)' : state}, ${session}. ${reason}: ${summary}`,
    );
    this.#fill('list', `$ muster list mcpserver\n${list}`);
    this.#fill('status', status);
    this.#fill('hint', hint.startsWith('muster ') ? `Run: ${hint}` : hint.replaceAll('`', ''));
  }

  #fill(part: string, text: string): void {
    this.#find(`[data-part="${part}"]`, HTMLElement).textContent = text;
  }

  #find<Found extends Element>(selector: string, kind: new () => Found): Found {
    const found = this.querySelector(selector);
    if (!(found instanceof kind)) throw new Error(`The explorer lacks ${selector}.`);
    return found;
  }
}

const parametersOf = ({ answer, times: count, signIn }: Choice): Record<string, string> => ({
  answer,
  times: String(count),
  'sign-in': signIn,
});

const option = ([value, label]: readonly [string, string]): string =>
  `<option value="${value}">${label}</option>`;
const choose = (
  name: string,
  label: string,
  options: readonly (readonly [string, string])[],
): string =>
  `<label>${label}<select name="${name}">${options.map(option).join('')}</select></label>`;
const count = ['once', 'twice in a row', 'three times in a row'] as const;

const form = (): string => `<form class="not-content">
  ${choose(
    'answer',
    'The server answers',
    answers.map(({ name, label }) => [name, label]),
  )}
  ${choose(
    'sign-in',
    'You are',
    signInNames.map((name) => [name, signIns[name]]),
  )}
  <fieldset><legend>How often</legend>${times
    .map(
      (number, index) =>
        `<label><input type="radio" name="times" value="${number}"> ${count[index] ?? ''}</label>`,
    )
    .join('')}</fieldset>
</form>`;

const results = `<p data-part="verdict" role="status"></p>
<pre data-part="list" tabindex="0" role="group" aria-label="The row of muster list mcpserver"></pre>
<p class="hint"><strong>Next step</strong> <span data-part="hint"></span></p>
<pre data-part="status" tabindex="0" role="group" aria-label="The status in the cluster"></pre>`;

customElements.define('muster-explorer', Explorer);
