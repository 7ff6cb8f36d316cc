// @ts-check
// Choosing a branch of the open chat: a list that is searched, for a form, and a dialog with one.

import { html, useComputed, useEffect, useSignal } from '../lib/html.js';
import { shortTime } from '../lib/times.js';
import { FIRST_BRANCH, filterOf, titleOf, tree, watchTree } from '../state/branches.js';
import { versionOf } from '../state/tree.js';
import { Dialog } from './dialog.js';

/** @typedef {import('../lib/outline.js').Branch} Branch */

/** The branches that are shown, while more are found by typing; and the number from which on there is a search. */
const SHOWN_COUNT = 50;
const SEARCHED_FROM = 8;

/** The time of the last message of a branch. @param {Branch} branch */
const timeOf = ({ last_message_at, created_at }) => last_message_at ?? created_at;
/**
 * The latest first, as they are likeliest to be meant.
 * @param {Branch} a
 * @param {Branch} b
 */
const byTime = (a, b) => (timeOf(a) < timeOf(b) ? 1 : -1);

/**
 * Branches to choose from, with a search where they are many.
 * @param {string[]} except The branches that cannot be chosen.
 */
function useChoices(except) {
  const words = useSignal('');
  useEffect(watchTree, []);
  const latest = useComputed(() => [...tree.value.branches.values()].sort(byTime)).value.filter(({ branch_id }) => !except.includes(branch_id));
  const filter = filterOf(words.value);
  const found = filter ? latest.filter(filter) : latest;
  const rest = found.length - SHOWN_COUNT;
  const isNone = tree.value.isWhole && latest.length === 0;
  const hint = isNone ? 'There is no other branch yet. Branch somewhere first.' : !tree.value.isWhole ? 'Reading the branches' : !found.length ? 'No branch matches.' : rest > 0 ? `${rest.toLocaleString()} more: type to find them.` : '';
  return { words, shown: found.slice(0, SHOWN_COUNT), isSearched: latest.length > SEARCHED_FROM, hint };
}

/** @param {{words: import('../vendor/signals.js').Signal<string>, [attribute: string]: any}} props */
const Search = ({ words, ...attributes }) => html`
  <input type="search" dir="auto" aria-label="Find a branch" placeholder="Find by name, question or tag" value=${words} onInput=${(/** @type {any} */ event) => (words.value = event.target.value)} ...${attributes} />
`;

/** The description of a branch in a choice. @param {{branch: Branch}} props */
function About({ branch }) {
  const version = versionOf.value(branch);
  const facts = [!branch.parent_branch_id && FIRST_BRANCH, version?.text, shortTime(timeOf(branch))].filter(Boolean).join(', ');
  return html`
    <span class=${branch.name === null ? 'branch-title unnamed' : 'branch-title'} dir="auto">${version?.title ?? titleOf(branch)}</span>
    <small>${facts}</small>
  `;
}

/**
 * A dialog in which a branch is chosen.
 * @param {{title: string, except: string[], choose: (branch: string) => void, close: () => void}} props
 */
export function BranchPicker({ title, except, choose, close }) {
  const { words, shown, isSearched, hint } = useChoices(except);
  const pick = (/** @type {string} */ branch) => {
    close();
    choose(branch);
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (shown.length) pick(shown[0].branch_id);
  };
  return html`
    <${Dialog} title=${title} close=${close}>
      <form class="form branch-picker" onSubmit=${submit}>
        ${isSearched && html`<${Search} words=${words} autofocus />`}
        <ul class="bare-list">${shown.map((branch) => html`<li key=${branch.branch_id}><button type="button" class="quiet" onClick=${() => pick(branch.branch_id)}><${About} branch=${branch} /></button></li>`)}</ul>
        <p class="muted" role="status">${hint}</p>
      </form>
    <//>
  `;
}

/**
 * The part of a form in which a branch is chosen.
 * @param {{legend: string, except: string[], chosen: import('../vendor/signals.js').Signal<string>}} props
 */
export function BranchChoices({ legend, except, chosen }) {
  const { words, shown, isSearched, hint } = useChoices(except);
  return html`
    <fieldset>
      <legend>${legend}</legend>
      ${isSearched && html`<${Search} words=${words} />`}
      ${shown.length > 0 && html`<div class="choices">${shown.map((branch) => html`
        <label class="choice" key=${branch.branch_id}>
          <input type="radio" name="branch" checked=${chosen.value === branch.branch_id} onChange=${() => (chosen.value = branch.branch_id)} />
          <${About} branch=${branch} />
        </label>
      `)}</div>`}
      <p class="muted" role="status">${hint}</p>
    </fieldset>
  `;
}
