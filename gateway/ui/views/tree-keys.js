// @ts-check
// The keys of the tree, as the ARIA pattern of a tree view has them.

import { isOpen } from '../lib/outline.js';
import { switchTo } from '../state/line.js';
import { titleOf } from '../state/branches.js';
import { fold } from '../state/tree.js';

/** @typedef {import('../lib/outline.js').Row} Row */

/** The longest pause between two letters of one word, in milliseconds. */
const TYPING_MS = 700;
let typed = '';
let typedAt = 0;

/**
 * Handles the keys of a tree's rows.
 * @param {import('../lib/outline.js').Outline} outline
 * @param {Row | null} current
 * @param {(row: Row) => void} moveTo
 * @param {number} pageSize In rows.
 */
export function keyHandler({ rows }, current, moveTo, pageSize) {
  const to = (/** @type {number} */ index) => moveTo(rows[Math.max(0, Math.min(index, rows.length - 1))]);
  return (/** @type {KeyboardEvent} */ event) => {
    const isOnRow = event.target instanceof Element && event.target.role === 'treeitem';
    if (!current || !isOnRow || event.ctrlKey || event.metaKey || event.altKey) return;
    const run = actionOf(event.key, current, to, pageSize) ?? typing(event.key, rows, current, to);
    if (!run) return;
    event.preventDefault();
    run();
  };
}

/**
 * @param {string} key
 * @param {Row} row
 * @param {(index: number) => void} to
 * @param {number} pageSize
 * @returns {(() => unknown) | undefined}
 */
function actionOf(key, row, to, pageSize) {
  const { branch, index, parent, descendants } = row;
  const [forward, back] = document.dir === 'rtl' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowRight', 'ArrowLeft'];
  switch (key) {
    case 'ArrowDown':
      return () => to(index + 1);
    case 'ArrowUp':
      return () => to(index - 1);
    case 'PageDown':
      return () => to(index + pageSize - 2);
    case 'PageUp':
      return () => to(index - pageSize + 2);
    case 'Home':
      return () => to(0);
    case 'End':
      return () => to(Infinity);
    case forward:
      return () => (row.isFolded ? fold(branch.branch_id, false) : descendants && to(index + 1));
    case back:
      return () => (isOpen(row) ? fold(branch.branch_id, true) : parent && to(parent.index));
    case 'Enter':
    case ' ':
      return () => switchTo(branch.branch_id);
  }
}

/**
 * Goes to the next row whose title begins with what is typed.
 * @param {string} key
 * @param {Row[]} rows
 * @param {Row} current
 * @param {(index: number) => void} to
 */
function typing(key, rows, current, to) {
  // Signs are shortcuts of the page.
  if (!/^[\p{L}\p{N}]$/u.test(key)) return;
  const now = Date.now();
  typed = (now - typedAt < TYPING_MS ? typed : '') + key.toLowerCase();
  typedAt = now;
  // A word that goes on may still mean this row; a first letter means the next.
  const start = current.index + (typed.length > 1 ? 0 : 1);
  const begins = (/** @type {Row} */ { branch }) => titleOf(branch).toLowerCase().startsWith(typed);
  const found = rows.slice(start).find(begins) ?? rows.slice(0, start).find(begins);
  return () => found && to(found.index);
}
