// @ts-check
// The lanes beside the rows of an outline: which of them pass a row, and where it branches off. Pure, as the outline is.

import { isOpen } from './outline.js';

/** @typedef {import('./outline.js').Row} Row */

/**
 * The first column that is drawn where there is room for `columns`: the lanes shift as far as the rows in view allow, and what is still deeper is drawn in the last column.
 * @param {Row[]} view
 * @param {number} columns
 */
export function firstColumn(view, columns) {
  let [low, high] = [Infinity, 0];
  for (const { level } of view) {
    low = Math.min(low, level);
    high = Math.max(high, level);
  }
  // One column before the first, so that it is seen what they hang on.
  return Math.max(0, Math.min(low - 1, high - columns + 1));
}

/**
 * @typedef {object} Lane A piece of a lane within one row.
 * @property {number} column
 * @property {boolean} isOnPath
 *
 * @typedef {object} Lanes What is drawn beside a row.
 * @property {number} column Of the row's own node.
 * @property {Lane[]} through Lanes that pass the row from top to bottom.
 * @property {Lane[]} above Those that come from above, and end in the branching.
 * @property {Lane | null} fork The lane from which it branches off.
 * @property {Lane | null} below Its own lane, on to its children.
 * @property {number} skipped How many levels the node is deeper than its column says.
 */

/**
 * The lanes beside a row, in columns from `first` on.
 * @param {Row} row
 * @param {Row[]} path The active path.
 * @param {number} first
 * @param {number} columns
 * @returns {Lanes}
 */
export function lanesOf(row, path, first, columns) {
  const last = columns - 1;
  /** @type {Lanes} */
  const lanes = { column: Math.max(0, Math.min(row.level - first, last)), through: [], above: [], fork: null, below: null, skipped: Math.max(0, row.level - first - last) };
  if (isOpen(row)) lanes.below = { column: lanes.column, isOnPath: runsOn(path, row.level, row.index) };
  for (let child = row; child.parent && child.level > first; child = child.parent) {
    const column = child.level - 1 - first;
    if (child === row) lanes.fork = { column: Math.min(column, last), isOnPath: row.isOnPath };
    // Of the levels that share the last column, no lane is seen but the row's own.
    if (column >= last) continue;
    const isOnPath = runsOn(path, child.level - 1, row.index);
    if (child.position < child.siblings) lanes.through.push({ column, isOnPath });
    // The path ends in this branching, or goes past it.
    if (child === row) lanes.above.push({ column, isOnPath: row.isOnPath || isOnPath });
  }
  return lanes;
}

/**
 * Whether the active path runs down the lane of a level below a row.
 * @param {Row[]} path
 * @param {number} level
 * @param {number} index
 */
function runsOn(path, level, index) {
  return level + 1 < path.length && path[level].index <= index && index < path[level + 1].index;
}
