// @ts-check
// A row of the tree: the lanes, how many branches grow on it, what it is called, and its menu.

import { classes, html, useLayoutEffect, useRef } from '../lib/html.js';
import { fullTime, shortTime } from '../lib/times.js';
import { titleOf } from '../state/branches.js';
import { BranchActions } from './branch-actions.js';
import { Menu } from './menu.js';
import { LanesOfRow, ROW_PX } from './tree-lanes.js';

/**
 * @typedef {object} Props
 * @property {import('../lib/lanes.js').Row} row
 * @property {import('../lib/lanes.js').Lanes} lanes
 * @property {boolean} isShown Whether its line is shown.
 * @property {boolean} isCurrent Whether the Tab key leads to it.
 * @property {() => void} choose
 * @property {() => void} toggle
 * @property {() => void} focused
 */

/** @param {Props} props */
export function TreeRow({ row, lanes, isShown, isCurrent, choose, toggle, focused }) {
  const { branch, level, descendants, isFolded, isOnPath, isMatch } = row;
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  // Of all menus in view, the Tab key leads to that of the current row alone.
  useLayoutEffect(() => element.current?.querySelector('summary')?.setAttribute('tabindex', isCurrent ? '0' : '-1'), [isCurrent]);
  const openMenu = (/** @type {Event} */ event) => {
    event.preventDefault();
    element.current?.querySelector('summary')?.click();
  };
  return html`
    <div
      ref=${element} role="treeitem" id=${`branch-${branch.branch_id}`}
      class=${classes({ 'tree-row': true, 'on-path': isOnPath, shown: isShown, aside: !isMatch })}
      style=${{ top: `${row.index * ROW_PX}px` }}
      tabindex=${isCurrent ? 0 : -1} aria-label=${spoken(row, isShown)} aria-level=${level + 1} aria-posinset=${row.position} aria-setsize=${row.siblings}
      aria-expanded=${descendants ? String(!isFolded) : undefined} aria-selected=${String(isShown)}
      onClick=${choose} onFocus=${focused} onContextMenu=${openMenu}
    >
      <${LanesOfRow} lanes=${lanes} isShown=${isShown} isOnPath=${isOnPath} isLeaf=${!descendants} />
      ${descendants > 0 && html`<${Fold} count=${descendants} isFolded=${isFolded} toggle=${toggle} />`}
      <div class="tree-text">
        <div class=${classes({ title: true, unnamed: branch.name === null })} dir="auto">${titleOf(branch)}</div>
        <${Meta} branch=${branch} isShown=${isShown} level=${lanes.skipped ? level : 0} />
      </div>
      <div class="tree-menu" onClick=${stop}>
        <${Menu} label=${`Actions for ${titleOf(branch)}`}><${BranchActions} branch=${branch} /><//>
      </div>
    </div>
  `;
}

/** @param {Event} event */
const stop = (event) => event.stopPropagation();

/** @param {{count: number, isFolded: boolean, toggle: () => void}} props */
function Fold({ count, isFolded, toggle }) {
  const click = (/** @type {Event} */ event) => {
    stop(event);
    toggle();
  };
  const label = `${isFolded ? 'Unfold' : 'Fold'} ${branches(count)}`;
  return html`
    <button type="button" class="fold" tabindex="-1" aria-label=${label} title=${label} onClick=${click}>
      <span class="pill">
        <svg width="9" height="9" viewBox="0 0 9 9" aria-hidden="true"><path d=${isFolded ? 'M3 1l3.5 3.5L3 8' : 'M1 3l3.5 3.5L8 3'} /></svg>
        ${count.toLocaleString()}
      </span>
    </button>
  `;
}

/** @param {{branch: import('../lib/lanes.js').Branch, isShown: boolean, level: number}} props */
function Meta({ branch, isShown, level }) {
  return html`
    <div class="meta">
      ${level > 0 && html`<span class="level" title=${`At level ${level}`}>Level ${level}</span>`}
      ${isShown && html`<span class="here">Shown</span>`}
      ${!branch.parent_branch_id && html`<span>Trunk</span>`}
      ${branch.archived && html`<span class="archived">Archived</span>`}
      <span>${messages(branch.message_count)}</span>
      ${branch.last_message_at && html`<time datetime=${branch.last_message_at} title=${fullTime(branch.last_message_at)}>${shortTime(branch.last_message_at)}</time>`}
      ${branch.tags.map((tag) => html`<span class="tag" key=${tag} dir="auto">${tag}</span>`)}
    </div>
  `;
}

/**
 * What a screen reader says of a row, as its columns and colours say the rest.
 * @param {import('../lib/lanes.js').Row} row
 * @param {boolean} isShown
 */
function spoken({ branch, isOnPath, descendants }, isShown) {
  const parts = [titleOf(branch), isShown ? 'shown' : isOnPath && 'on the active path', !branch.parent_branch_id && 'trunk', branch.archived && 'archived', messages(branch.message_count)];
  return [...parts, shortTime(branch.last_message_at), descendants && `${branches(descendants)} on it`, ...branch.tags.map((tag) => `tag ${tag}`)].filter(Boolean).join(', ');
}

/** @param {number} count */
const messages = (count) => (count === 1 ? '1 message' : `${count.toLocaleString()} messages`);
/** @param {number} count */
export const branches = (count) => (count === 1 ? '1 branch' : `${count.toLocaleString()} branches`);
