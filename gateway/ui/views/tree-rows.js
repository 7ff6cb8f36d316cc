// @ts-check
// The rows of the tree that are in view, as a tree for screen readers and keys. All others are but height.

import { classes, html, useEffect, useLayoutEffect, useMemo, useRef, useSignal } from '../lib/html.js';
import { firstColumn, lanesOf } from '../lib/lanes.js';
import { branchId, chat } from '../state/current.js';
import { switchTo } from '../state/line.js';
import { fold, reveals, sought } from '../state/tree.js';
import { Minimap } from './minimap.js';
import { keyHandler } from './tree-keys.js';
import { LANE_PX, ROW_PX } from './tree-lanes.js';
import { TreeRow } from './tree-row.js';

/** @typedef {import('../lib/lanes.js').Row} Row */
/** @typedef {import('../lib/lanes.js').Outline} Outline */

/** Rows beyond the edges of the view that are there before they are scrolled to. */
const SPARE_ROWS = 3;
/** Columns of lanes, at most, and the part of the width that they may take. */
const MAX_COLUMNS = 12;
const LANES_PART = 0.4;

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

/**
 * Which rows are in view, and how many columns there is room for.
 * @param {{current: HTMLElement | null}} scroller
 */
function useView(scroller) {
  const view = useSignal({ top: 0, count: 20, columns: MAX_COLUMNS });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let frame = 0;
    const measure = () => {
      frame = 0;
      const top = Math.floor(element.scrollTop / ROW_PX);
      const count = Math.ceil(element.clientHeight / ROW_PX) + 1;
      const columns = Math.max(3, Math.min(MAX_COLUMNS, Math.floor((element.clientWidth * LANES_PART) / LANE_PX)));
      const known = view.peek();
      if (top !== known.top || count !== known.count || columns !== known.columns) view.value = { top, count, columns };
    };
    const later = () => (frame ||= requestAnimationFrame(measure));
    const sizes = new ResizeObserver(later);
    sizes.observe(element);
    element.addEventListener('scroll', later, { passive: true });
    measure();
    return () => {
      cancelAnimationFrame(frame);
      sizes.disconnect();
      element.removeEventListener('scroll', later);
    };
  }, []);
  return view;
}

/**
 * The row that the Tab key leads to, and how it is moved.
 * @param {{current: HTMLElement | null}} scroller
 * @param {Outline} outline
 */
function useCurrent(scroller, { rows, byId, path }) {
  const id = useSignal(/** @type {string | null} */ (null));
  const hadFocus = useRef(false);
  const wantsFocus = useRef(false);
  const current = byId.get(id.value ?? '') ?? path.at(-1) ?? rows.at(0) ?? null;
  const element = () => /** @type {HTMLElement | null} */ (current && scroller.current?.querySelector(`[id="branch-${current.branch.branch_id}"]`));
  useEffect(() => {
    const follow = () => (hadFocus.current = scroller.current?.contains(document.activeElement) ?? false);
    addEventListener('focusin', follow);
    return () => removeEventListener('focusin', follow);
  }, []);
  useLayoutEffect(() => {
    // A row that had the focus may have gone, as it was deleted or folded away.
    if (wantsFocus.current || (hadFocus.current && document.activeElement === document.body)) element()?.focus({ preventScroll: true });
    wantsFocus.current = false;
  });
  const moveTo = (/** @type {Row} */ row, takesFocus = true) => {
    id.value = row.branch.branch_id;
    if (!takesFocus) return;
    wantsFocus.current = true;
    if (scroller.current) scrollTo(scroller.current, row.index);
    if (row === current) element()?.focus({ preventScroll: true });
  };
  return { current, moveTo };
}

/**
 * Scrolls as little as shows a row.
 * @param {HTMLElement} scroller
 * @param {number} index
 */
function scrollTo(scroller, index) {
  const top = index * ROW_PX;
  const bottom = top + ROW_PX - scroller.clientHeight;
  if (scroller.scrollTop > top) scroller.scrollTop = top;
  else if (scroller.scrollTop < bottom) scroller.scrollTop = bottom;
}

/**
 * Keeps what is seen where it is when rows come or go above it.
 * @param {{current: HTMLElement | null}} scroller
 * @param {Outline} outline
 * @param {{peek: () => {top: number}}} view
 */
function useAnchor(scroller, outline, view) {
  const before = useRef(outline);
  useLayoutEffect(() => {
    let anchor = before.current.rows[view.peek().top];
    before.current = outline;
    const old = anchor?.index;
    while (anchor && !outline.byId.has(anchor.branch.branch_id)) anchor = /** @type {Row} */ (anchor.parent);
    const now = anchor && outline.byId.get(anchor.branch.branch_id)?.index;
    if (scroller.current && now !== undefined && now !== old) scroller.current.scrollTop += (now - old) * ROW_PX;
  }, [outline]);
}

/**
 * Brings the shown branch into view when it is first there, when another one is shown, and when all is folded or opened.
 * @param {{current: HTMLElement | null}} scroller
 * @param {Row | undefined} row
 */
function useShownInView(scroller, row) {
  const done = useRef('');
  const wanted = `${row?.branch.branch_id} ${reveals.value}`;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!row || !element || done.current === wanted) return;
    done.current = wanted;
    const top = row.index * ROW_PX;
    if (top < element.scrollTop || top + ROW_PX > element.scrollTop + element.clientHeight) element.scrollTop = top - element.clientHeight / 2;
  }, [row, wanted]);
}
