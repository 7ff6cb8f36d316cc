// @ts-check
// A dialog in which a branch of the open chat is chosen.

import { html, useComputed, useEffect, useSignal } from '../lib/html.js';
import { shortTime } from '../lib/times.js';
import { filterOf, titleOf, tree, watchTree } from '../state/branches.js';
import { Dialog } from './dialog.js';

/** @typedef {import('../lib/outline.js').Branch} Branch */

/** So many are shown; more are found by writing. */
const SHOWN_COUNT = 50;

/** When something was last said on a branch. @param {Branch} branch */
const timeOf = ({ last_message_at, created_at }) => last_message_at ?? created_at;
/**
 * The latest first, as they are likeliest to be meant.
 * @param {Branch} a
 * @param {Branch} b
 */
const byTime = (a, b) => (timeOf(a) < timeOf(b) ? 1 : -1);

/** @param {{title: string, except?: string, choose: (branch: string) => void, close: () => void}} props `except`: a branch that cannot be chosen. */
export function BranchPicker({ title, except, choose, close }) {
  const words = useSignal('');
  useEffect(watchTree, []);
  const latest = useComputed(() => [...tree.value.branches.values()].filter(({ branch_id }) => branch_id !== except).sort(byTime));
  const filter = filterOf(words.value);
  const found = filter ? latest.value.filter(filter) : latest.value;
  const shown = found.slice(0, SHOWN_COUNT);
  const pick = (/** @type {string} */ branch) => {
    close();
    choose(branch);
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (shown.length) pick(shown[0].branch_id);
  };
  const rest = found.length - shown.length;
  return html`
    <${Dialog} title=${title} close=${close}>
      <form class="form branch-picker" onSubmit=${submit}>
        <input type="search" autofocus dir="auto" aria-label="Find a branch" placeholder="Find by name, question or tag" value=${words} onInput=${(/** @type {any} */ event) => (words.value = event.target.value)} />
        <ul class="bare-list">${shown.map((branch) => html`<${Choice} key=${branch.branch_id} branch=${branch} pick=${pick} />`)}</ul>
        <p class="muted" role="status">
          ${!tree.value.isWhole ? 'Reading the branches' : !found.length ? 'No branch is called so.' : rest > 0 ? `${rest.toLocaleString()} more: write what they are called.` : ''}
        </p>
      </form>
    <//>
  `;
}

/** @param {{branch: Branch, pick: (branch: string) => void}} props */
const Choice = ({ branch, pick }) => html`
  <li>
    <button type="button" class="quiet" onClick=${() => pick(branch.branch_id)}>
      <span class=${branch.name === null ? 'branch-title unnamed' : 'branch-title'} dir="auto">${titleOf(branch)}</span>
      <small>${branch.parent_branch_id ? '' : 'Trunk, '}${shortTime(timeOf(branch))}</small>
    </button>
  </li>
`;
