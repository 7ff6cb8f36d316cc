// @ts-check
// The branches that fork from a message, by their titles.

import { call } from '../lib/api.js';
import { Fragment, html, useEffect, useSignal } from '../lib/html.js';
import { titleOf } from '../lib/names.js';
import { attempt } from '../lib/notices.js';
import { hrefOf } from '../lib/router.js';
import { branchId, chatId } from '../state/current.js';
import { switchTo } from '../state/line.js';

/** The branches that are named below a message; the tree shows all. */
const NAMED_FORKS = 10;

/** @param {{branches: string[], count: number}} props `branches`: the first of them; `count`: how many there are. */
export function ForkList({ branches, count }) {
  const found = useSignal(/** @type {import('../state/line.js').Branch[] | null} */ (null));
  useEffect(() => {
    void attempt(async () => {
      found.value = await Promise.all(branches.slice(0, NAMED_FORKS).map((id) => call('GET', `branches/get-branch/${id}`)));
    });
  }, []);
  const chat = chatId.value ?? '';
  const follow = (/** @type {string} */ id) => (/** @type {Event} */ event) => {
    event.preventDefault();
    void switchTo(id);
  };
  if (!found.value) return html`<p class="muted" role="status">Loading</p>`;
  return html`
    <ul>
      ${found.value.map((branch) => html`
        <li key=${branch.branch_id}><a href=${hrefOf({ name: 'chat', chat, branch: branch.branch_id })} dir="auto" onClick=${follow(branch.branch_id)}>${titleOf(branch)}</a>${branch.branch_id === branchId.value && html`<span class="muted"> (this one)</span>`}</li>
      `)}
      ${count > NAMED_FORKS && html`<${Fragment}><li><a href=${hrefOf({ name: 'chat', chat, panel: 'tree' })}>All in the tree</a></li><//>`}
    </ul>
  `;
}
