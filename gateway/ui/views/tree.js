// @ts-check
// The panel that shows the tree of the open chat: a row for each branch, with its lane.

import { useFocusReturned } from '../lib/focus.js';
import { html, useEffect, useRef } from '../lib/html.js';
import { hrefOf, route } from '../lib/router.js';
import { tree, watchTree } from '../state/branches.js';
import { folded, foldAll, outline, sought, unfoldAll, withArchived } from '../state/tree.js';
import { branches } from './tree-row.js';
import { TreeRows } from './tree-rows.js';

export default function TreePanel() {
  useEffect(watchTree, []);
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusReturned(heading);
  const { branches: known, isWhole, isFailed } = tree.value;
  const { rows } = outline.value;
  const withoutPanel = hrefOf({ ...route.value, panel: undefined });
  return html`
    <div class="bar">
      <a class="button icon back" href=${withoutPanel} aria-label="Back to the chat">←</a>
      <h1 ref=${heading} tabindex="-1">Tree</h1>
      <a class="button icon" href=${hrefOf({ ...route.value, panel: 'deleted' })}>Deleted branches</a>
      <a class="button icon close" href=${withoutPanel} aria-label="Close the tree">×</a>
    </div>
    ${known.size > 1 && html`<${Filters} />`}
    ${isFailed && html`<p class="panel-note" role="status">The branches could not be read; it is tried again in a moment.</p>`}
    ${!known.size && !isFailed && html`<p class="loading" role="status">Reading the branches</p>`}
    ${known.size > 0 && rows.length > 0 && html`<${TreeRows} outline=${outline.value} />`}
    ${isWhole && known.size > 1 && !rows.length && html`<p class="empty">No branch matches. Names, first questions and tags are searched.</p>`}
    ${isWhole && known.size === 1 && html`<${NoBranches} />`}
  `;
}

/** The filters of the tree, and the count of its branches. */
function Filters() {
  const { matches, hidden } = outline.value;
  const { branches: known, isWhole } = tree.value;
  const isFolded = folded.value.size > 0;
  const count = sought.value.trim() ? `${matches.toLocaleString()} of ${branches(known.size)}` : branches(known.size);
  return html`
    <div class="tree-filters">
      <input type="search" dir="auto" aria-label="Filter the branches" placeholder="Filter by name, question or tag" value=${sought} onInput=${(/** @type {any} */ event) => (sought.value = event.target.value)} />
      <div class="row">
        <span class="grow muted" role="status">${isWhole ? count : `Reading: ${count}`}</span>
        ${(hidden > 0 || withArchived.value) && html`
          <label class="check">
            <input type="checkbox" checked=${withArchived} onChange=${(/** @type {any} */ event) => (withArchived.value = event.target.checked)} />
            Show archived${hidden > 0 && ` (${hidden.toLocaleString()})`}
          </label>
        `}
        <button type="button" class="quiet" title=${isFolded ? 'Show every branch' : 'Leave the branches that lead to the shown one'} onClick=${isFolded ? unfoldAll : foldAll}>${isFolded ? 'Expand all' : 'Collapse all'}</button>
      </div>
    </div>
  `;
}

const NoBranches = () => html`
  <div class="empty tree-teach">
    <p>This chat has one branch so far, its first. Each branch that grows on it gets a row here.</p>
    <ul>
      <li><strong>Branch here</strong> under an answer goes on from there, beside what follows it.</li>
      <li><strong>Edit the question</strong> or <strong>regenerate</strong> an answer, and the old version stays on the branch that it was on.</li>
    </ul>
  </div>
`;
