// @ts-check
// The scrolling of the tree: the rows in view, the current one, and the one that stays in place when the tree changes.

import { useEffect, useLayoutEffect, useRef, useSignal } from '../lib/html.js';
import { tree } from '../state/branches.js';
import { reveals } from '../state/tree.js';
import { LANE_PX, ROW_PX } from './tree-lanes.js';

/** @typedef {import('../lib/outline.js').Row} Row */
/** @typedef {import('../lib/outline.js').Outline} Outline */

/** Columns of lanes, at most, and the part of the width that they may take. */
const MAX_COLUMNS = 12;
const LANES_PART = 0.4;

/**
 * Which rows are in view, and how many columns there is room for.
 * @param {{current: HTMLElement | null}} scroller
 */
export function useView(scroller) {
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
export function useCurrent(scroller, { rows, byId, path }) {
  const id = useSignal(/** @type {string | null} */ (null));
  const hadFocus = useRef(false);
  const wantsFocus = useRef(false);
  const place = useRef(0);
  const known = byId.get(id.value ?? '');
  // In the place of one that was deleted comes the next, or the last.
  const isGone = !known && id.value !== null && !tree.value.branches.has(id.value);
  const current = known ?? (isGone ? rows[Math.min(place.current, rows.length - 1)] : path.at(-1)) ?? rows.at(0) ?? null;
  if (known) place.current = known.index;
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
export function useAnchor(scroller, outline, view) {
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
export function useShownInView(scroller, row) {
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
