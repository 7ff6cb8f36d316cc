// @ts-check
// The rows of the tree that are in view, as a tree for screen readers and keys. All others are but height.

import { classes, html, useMemo, useRef } from '../lib/html.js';
import { firstColumn, lanesOf } from '../lib/lanes.js';
import { branchId, chat } from '../state/current.js';
import { switchTo } from '../state/line.js';
import { fold, sought } from '../state/tree.js';
import { Minimap } from './minimap.js';
import { keyHandler } from './tree-keys.js';
import { ROW_PX } from './tree-lanes.js';
import { TreeRow } from './tree-row.js';
import { useAnchor, useCurrent, useShownInView, useView } from './tree-scroll.js';

/** @typedef {import('../lib/outline.js').Row} Row */
/** @typedef {import('../lib/outline.js').Outline} Outline */

/** Rows beyond the edges of the view that are there before they are scrolled to. */
const SPARE_ROWS = 3;

/** @param {{outline: Outline}} props */
export function TreeRows({ outline }) {
  const { rows, byId, path } = outline;
  const scroller = useRef(/** @type {HTMLElement | null} */ (null));
  const view = useView(scroller);
  const { top, count, columns } = view.value;
  const shown = branchId.value;
  const { current, moveTo } = useCurrent(scroller, outline);
  useAnchor(scroller, outline, view);
  useShownInView(scroller, byId.get(shown ?? ''));

  const inView = rows.slice(Math.min(top, Math.max(0, rows.length - count)), top + count);
  const first = firstColumn(inView, columns);
  const drawn = rows.slice(Math.max(0, top - SPARE_ROWS), top + count + SPARE_ROWS);
  // The current row stays, wherever it is, as it may have the focus.
  if (current && !drawn.includes(current)) drawn.push(current);
  const rowOf = useRowMaker([path, first, columns], (row, isShown, isCurrent) => {
    const id = row.branch.branch_id;
    return html`<${TreeRow}
      key=${id} row=${row} lanes=${lanesOf(row, path, first, columns)} isShown=${isShown} isCurrent=${isCurrent}
      choose=${() => switchTo(id)} toggle=${() => fold(id)} makeCurrent=${() => moveTo(row, false)}
    />`;
  });
  return html`
    <div class="tree-view">
      <div class="scroll tree-scroll" ref=${scroller}>
        <div role="tree" aria-label=${`Branches of ${chat.value?.name ?? 'the chat'}`} class=${classes({ tree: true, filtered: sought.value.trim() })}
          style=${{ height: `${rows.length * ROW_PX}px` }} onKeyDown=${keyHandler(outline, current, moveTo, count)}>
          ${drawn.map((row) => rowOf(row, row.branch.branch_id === shown, row === current))}
        </div>
      </div>
      ${first > 0 && html`<p class="tree-shift" aria-hidden="true">‹ ${first} ${first === 1 ? 'level' : 'levels'}</p>`}
      <${Minimap} outline=${outline} view=${view} jump=${(/** @type {number} */ row) => scroller.current?.scrollTo({ top: (row - count / 2) * ROW_PX })} />
    </div>
  `;
}

/**
 * Makes rows, and gives back one that was made for the same: so a step of scrolling costs what comes into view, not all that is there.
 * @param {unknown[]} inputs What all rows depend on.
 * @param {(row: Row, isShown: boolean, isCurrent: boolean) => any} make
 */
function useRowMaker(inputs, make) {
  const made = useMemo(() => /** @type {WeakMap<Row, {isShown: boolean, isCurrent: boolean, vnode: any}>} */ (new WeakMap()), inputs);
  return (/** @type {Row} */ row, /** @type {boolean} */ isShown, /** @type {boolean} */ isCurrent) => {
    let known = made.get(row);
    if (known?.isShown !== isShown || known.isCurrent !== isCurrent) {
      known = { isShown, isCurrent, vnode: make(row, isShown, isCurrent) };
      made.set(row, known);
    }
    return known.vnode;
  };
}
