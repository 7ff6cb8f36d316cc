// @ts-check
// A small map of the whole chat beside the tree: down the rows, across the depth of messages. Screen readers have the tree, which says the same.

import { html, useEffect, useRef, useSignal } from '../lib/html.js';
import { ROW_PX } from './tree-lanes.js';

/** @typedef {import('../lib/outline.js').Row} Row */
/** @typedef {import('../lib/outline.js').Outline} Outline */

/** The free space at its sides, and the thickest and thinnest segment, in pixels. */
const MARGIN_PX = 6;
const THICK_PX = 4;
const THIN_PX = 1;
/** The active path is at least so thick. */
const PATH_PX = 2;
/** From this height of a row on, it is drawn where a segment hangs. */
const FORKS_FROM_PX = 8;
const FORK_ALPHA = 0.4;
/** The mark of what is in view is at least so high, so that it can be seen and held. */
const MARK_PX = 12;

/**
 * @typedef {object} Props
 * @property {Outline} outline
 * @property {{value: {top: number, count: number}}} view The rows in view.
 * @property {(row: number) => void} jump Scrolls so that a row is in the middle.
 */

/** @param {Props} props */
export function Minimap({ outline, view, jump }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const size = useSignal({ width: 0, height: 0 });
  const theme = useTheme();
  useEffect(() => {
    if (!canvas.current) return;
    const sizes = new ResizeObserver(([{ contentRect: { width, height } }]) => (size.value = { width, height }));
    sizes.observe(canvas.current);
    return () => sizes.disconnect();
  }, []);
  const { width, height } = size.value;
  useEffect(() => {
    // In a task of its own, after the rows are there.
    const timer = setTimeout(() => canvas.current && width && height && draw(canvas.current, outline, width, height));
    return () => clearTimeout(timer);
  }, [outline, width, height, theme]);

  const pitch = pitchOf(outline, height);
  const point = (/** @type {PointerEvent} */ event) => {
    const { currentTarget, pointerId, clientY } = event;
    if (!(currentTarget instanceof Element) || (event.type === 'pointermove' && !currentTarget.hasPointerCapture(pointerId))) return;
    currentTarget.setPointerCapture(pointerId);
    jump((clientY - currentTarget.getBoundingClientRect().top) / pitch);
  };
  return html`
    <div class="minimap" aria-hidden="true" title="The whole tree, with what you see of it. Click to go there." onPointerDown=${point} onPointerMove=${point}>
      <canvas ref=${canvas}></canvas>
      ${pitch < ROW_PX && html`<${Mark} view=${view} pitch=${pitch} height=${height} />`}
    </div>
  `;
}

/** @param {{view: Props['view'], pitch: number, height: number}} props */
function Mark({ view, pitch, height }) {
  const { top, count } = view.value;
  const length = Math.max(MARK_PX, (count - 1) * pitch);
  return html`<div class="mark" style=${{ height: `${length}px`, transform: `translateY(${Math.min(top * pitch, height - length)}px)` }}></div>`;
}

/** The height of a row in the map: as in the tree where all find room. @param {Outline} outline @param {number} height */
const pitchOf = ({ rows }, height) => Math.min(ROW_PX, height / Math.max(1, rows.length));

/** Changes when the colours do. */
function useTheme() {
  const theme = useSignal(0);
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const change = () => theme.value++;
    dark.addEventListener('change', change);
    return () => dark.removeEventListener('change', change);
  }, []);
  return theme.value;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Outline} outline
 * @param {number} width
 * @param {number} height
 */
function draw(canvas, outline, width, height) {
  const scale = devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  if (!context) return;
  context.scale(scale, scale);
  const { rows, path } = outline;
  let depth = 1;
  for (const { branch } of rows) depth = Math.max(depth, branch.fork_depth + branch.message_count);
  const pitch = pitchOf(outline, height);
  const place = { pitch, forkFrom: FORKS_FROM_PX, thickness: Math.max(THIN_PX, Math.min(THICK_PX, pitch * 0.6)), x: (/** @type {number} */ at) => MARGIN_PX + (at / depth) * (width - 2 * MARGIN_PX) };
  const colours = getComputedStyle(canvas);
  context.fillStyle = colours.color;
  // Where rows share a pixel, more of them make it darker.
  context.globalAlpha = pitch < THIN_PX ? 0.2 : 0.35;
  for (const row of rows) if (!row.isOnPath) segment(context, row, row.branch.message_count, place);
  context.globalAlpha = 1;
  context.fillStyle = colours.accentColor;
  // The path is seen among whatever is around it. Of an ancestor, it takes the messages up to the fork alone.
  const clear = { ...place, thickness: Math.max(PATH_PX, place.thickness), forkFrom: 0 };
  for (const row of path) segment(context, row, (path[row.level + 1]?.branch.fork_depth ?? Infinity) - row.branch.fork_depth, clear);
}

/**
 * Draws a branch from the message that it hangs on to its last one.
 * @param {CanvasRenderingContext2D} context
 * @param {Row} row
 * @param {number} messages
 * @param {{pitch: number, forkFrom: number, thickness: number, x: (depth: number) => number}} place
 */
function segment(context, { index, parent, branch }, messages, { pitch, forkFrom, thickness, x }) {
  const middle = (index + 0.5) * pitch;
  const left = x(branch.fork_depth);
  const right = x(branch.fork_depth + Math.min(messages, branch.message_count));
  context.fillRect(left, middle - thickness / 2, Math.max(thickness, right - left), thickness);
  if (!parent || pitch < forkFrom) return;
  const above = (parent.index + 0.5) * pitch;
  const alpha = context.globalAlpha;
  if (alpha < 1) context.globalAlpha = alpha * FORK_ALPHA;
  context.fillRect(left, above, THIN_PX, middle - above);
  context.globalAlpha = alpha;
}
