/** The explorer: four questions, and the results of the shipped functions for the answers. */
import { reasonSlug } from '../../../functions/model/reason-facts.ts';
import { answers } from './answers.ts';
import { show, type Tone } from './cases.ts';
import {
  befores,
  type Choice,
  choiceOf,
  parametersOf,
  signInNames,
  signIns,
  times,
} from './choice.ts';

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
      const chosen = this.#chosen();
      history.replaceState(null, '', addressOf(chosen));
      this.#show(chosen);
    });
    this.#find('button', HTMLButtonElement).addEventListener('click', () => void this.#copy());
  }

  #chosen(): Choice {
    const values = new FormData(this.#find('form', HTMLFormElement));
    return choiceOf((name) => values.get(name));
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
    const shown = show(choice);
    const { list, status, state, sessionCell, reason, summary, hint } = shown;
    this.#value('state', shown.stateTone, `STATE ${state === '-' ? 'none (-)' : state}`);
    this.#value(
      'session',
      shown.sessionTone,
      sessionCell === undefined
        ? 'no SESSION column'
        : `SESSION ${sessionCell === '-' ? 'none (-)' : sessionCell}`,
    );
    const link = this.#find('[data-part="reason"]', HTMLAnchorElement);
    link.textContent = reason;
    link.href = `/reasons/${reasonSlug(reason)}/`;
    this.#fill('summary', summary);
    this.#fill('list', `$ muster list mcpserver\n${list}`);
    this.#fill('status', status);
    this.#fill('hint', hint.startsWith('muster ') ? `Run: ${hint}` : hint.replaceAll('`', ''));
    this.#fill('copied', '');
  }

  async #copy(): Promise<void> {
    const address = new URL(addressOf(this.#chosen()), location.href);
    const isCopied = await navigator.clipboard.writeText(address.href).then(
      () => true,
      () => false,
    );
    this.#fill('copied', isCopied ? 'Copied.' : `Not copied. The link is ${address.href}`);
  }

  /** The color is never the only sign: a shape and the value say the same. */
  #value(part: string, tone: Tone, text: string): void {
    const value = this.#find(`[data-part="${part}"]`, HTMLElement);
    value.dataset['tone'] = tone;
    value.textContent = text;
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

const addressOf = (choice: Choice): string =>
  `?${new URLSearchParams(parametersOf(choice)).toString()}#explorer`;

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
    'before',
    'Before, it answered',
    befores.map(({ name, label }) => [name, label]),
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

const results = `<div data-part="verdict" role="status">
<p class="verdict"><strong data-part="state"></strong> <strong data-part="session"></strong></p>
<p><a data-part="reason" href="#reasons-and-next-steps"></a>: <span data-part="summary"></span></p>
</div>
<p class="hint"><strong>Next step</strong> <span data-part="hint"></span></p>
<h3>What muster list mcpserver prints</h3>
<pre data-part="list" tabindex="0" role="group" aria-label="The row of muster list mcpserver"></pre>
<h3>What kubectl get mcps tickets -o yaml prints as status</h3>
<pre data-part="status" tabindex="0" role="group" aria-label="The status in the cluster"></pre>
<p class="copy"><button type="button">Copy link</button> <span data-part="copied" role="status"></span></p>`;

customElements.define('muster-explorer', Explorer);
