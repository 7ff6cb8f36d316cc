// @ts-check
// A row of the tree: the lanes, what the branch is called, how many branches grow on it, and its menu. Few elements, as scrolling makes many rows.

import { classes, html, useLayoutEffect, useRef } from '../lib/html.js';
import { shortTime } from '../lib/times.js';
import { FIRST_BRANCH, titleOf } from '../state/branches.js';
import { versionOf } from '../state/tree.js';
import { BranchActions } from './branch-actions.js';
import { Menu } from './menu.js';
import { LanesOfRow, ROW_PX } from './tree-lanes.js';

/**
 * @typedef {object} Props
 * @property {import('../lib/outline.js').Row} row
 * @property {import('../lib/lanes.js').Lanes} lanes
 * @property {boolean} isShown Whether its line is shown.
 * @property {boolean} isCurrent Whether the Tab key leads to it.
 * @property {() => void} choose
 * @property {() => void} toggle
 * @property {() => void} makeCurrent
 */

/** @param {Props} props */
export function TreeRow({ row, lanes, isShown, isCurrent, choose, toggle, makeCurrent }) {
  const { branch, level, descendants, isFolded, isOnPath, isMatch } = row;
  const { element, openMenu } = useMenu(isCurrent, makeCurrent);
  const version = versionOf.value(branch);
  return html`
    <div
      ref=${element} role="treeitem" id=${`branch-${branch.branch_id}`}
      class=${classes({ 'tree-row': true, 'on-path': isOnPath, shown: isShown, aside: !isMatch })}
      style=${{ top: `${row.index * ROW_PX}px` }} tabindex=${isCurrent ? 0 : -1}
      aria-level=${level + 1} aria-posinset=${row.position} aria-setsize=${row.siblings} aria-expanded=${descendants ? String(!isFolded) : undefined} aria-selected=${String(isShown)}
      onClick=${choose} onFocus=${makeCurrent} onContextMenu=${openMenu}
    >
      <${LanesOfRow} lanes=${lanes} isShown=${isShown} isOnPath=${isOnPath} isLeaf=${!descendants} />
      <div class="tree-text">
        <div class=${branch.name === null ? 'branch-title unnamed' : 'branch-title'} dir="auto" title=${titleOf(branch)}>${version?.title ?? titleOf(branch)}</div>
        <${Meta} branch=${branch} version=${version?.text} here=${isShown ? 'Shown' : isOnPath && isFolded ? 'Holds the shown one' : ''} level=${lanes.skipped ? level : 0} />
      </div>
      ${descendants > 0 && html`<${Fold} count=${descendants} isFolded=${isFolded} toggle=${toggle} />`}
      ${isCurrent
        ? html`<div class="tree-menu" onClick=${stop}><${Menu} label="Actions"><${BranchActions} branch=${branch} /><//></div>`
        : html`<button type="button" class="icon tree-menu" tabindex="-1" aria-label="Actions" onClick=${openMenu}>⋯</button>`}
    </div>
  `;
}

/** @param {Event} event */
const stop = (event) => event.stopPropagation();

/**
 * The menu of a row is made when the row is the current one: what opens it makes it current first.
 * @param {boolean} isCurrent
 * @param {() => void} makeCurrent
 */
function useMenu(isCurrent, makeCurrent) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  const isAwaited = useRef(false);
  const click = () => element.current?.querySelector('summary')?.click();
  useLayoutEffect(() => {
    if (isCurrent && isAwaited.current) click();
    isAwaited.current = false;
  }, [isCurrent]);
  const openMenu = (/** @type {Event} */ event) => {
    event.preventDefault();
    stop(event);
    if (isCurrent) return click();
    isAwaited.current = true;
    makeCurrent();
  };
  return { element, openMenu };
}

/** @param {{count: number, isFolded: boolean, toggle: () => void}} props */
function Fold({ count, isFolded, toggle }) {
  const click = (/** @type {Event} */ event) => {
    stop(event);
    toggle();
  };
  return html`
    <button type="button" class=${isFolded ? 'fold folded' : 'fold'} tabindex="-1" aria-label=${`${branches(count)} on it`} aria-expanded=${String(!isFolded)} onClick=${click}>
      <span class="pill">${count.toLocaleString()}</span>
    </button>
  `;
}

/** @param {{branch: import('../lib/outline.js').Branch, version?: string, here: string, level: number}} props `here` says where the shown branch is. */
function Meta({ branch: { parent_branch_id, archived, message_count, last_message_at, tags }, version, here, level }) {
  const facts = [!parent_branch_id && FIRST_BRANCH, version, messages(message_count), shortTime(last_message_at)].filter(Boolean).join(' · ');
  return html`
    <div class="tree-meta">
      <span class="facts">
        ${here && html`<span class="here">${here}</span>`}
        ${level > 0 && html`<span class="mark">Level ${level}</span>`}
        ${archived && html`<span class="mark">Archived</span>`}
        <span>${facts}</span>
      </span>
      ${tags.map((tag) => html`<span class="tag" key=${tag} dir="auto">${tag}</span>`)}
    </div>
  `;
}

/** @param {number} count */
const messages = (count) => (count === 0 ? 'No messages' : count === 1 ? '1 message' : `${count.toLocaleString()} messages`);
/** @param {number} count */
export const branches = (count) => (count === 1 ? '1 branch' : `${count.toLocaleString()} branches`);
