// @ts-check
// The lanes beside a row of the tree: those that pass, the one that it branches off from, and its own.

import { html } from '../lib/html.js';

/** The size of a row and of a column, in pixels. */
export const ROW_PX = 52;
export const LANE_PX = 16;
/** The middle of the first column. */
const INSET_PX = 16;
const MIDDLE_PX = ROW_PX / 2;
const CURVE_PX = 10;

/** @param {number} column */
const x = (column) => INSET_PX + column * LANE_PX;

/** The width of the lanes of a row whose node is in a column. @param {number} column */
const widthOf = (column) => x(column) + LANE_PX / 2;

/** @param {{lanes: import('../lib/lanes.js').Lanes, isShown: boolean, isOnPath: boolean, isLeaf: boolean}} props */
export function LanesOfRow({ lanes, isShown, isOnPath, isLeaf }) {
  const width = widthOf(lanes.column);
  const [aside, along] = [pathOf(lanes, false), pathOf(lanes, true)];
  return html`
    <svg class="lanes" width=${width} height=${ROW_PX} viewBox=${`0 0 ${width} ${ROW_PX}`} aria-hidden="true">
      ${aside && html`<path class="lane" d=${aside} />`}
      ${along && html`<path class="lane on-path" d=${along} />`}
      ${isLeaf && html`<circle class=${isOnPath ? 'node on-path' : 'node'} cx=${x(lanes.column)} cy=${MIDDLE_PX} r=${isShown ? 6 : 4.5} />`}
    </svg>
  `;
}

/**
 * The lanes of the active path, or all others.
 * @param {import('../lib/lanes.js').Lanes} lanes
 * @param {boolean} isOnPath
 */
function pathOf({ column, through, above, fork, below }, isOnPath) {
  let path = '';
  for (const lane of through) if (lane.isOnPath === isOnPath) path += `M${x(lane.column)} 0V${ROW_PX}`;
  for (const lane of above) if (lane.isOnPath === isOnPath) path += `M${x(lane.column)} 0V${MIDDLE_PX - CURVE_PX}`;
  if (fork?.isOnPath === isOnPath) path += fork.column === column ? `M${x(column)} 0V${MIDDLE_PX}` : curve(fork.column, column);
  if (below?.isOnPath === isOnPath) path += `M${x(column)} ${MIDDLE_PX}V${ROW_PX}`;
  return path;
}

/**
 * @param {number} from
 * @param {number} to
 */
const curve = (from, to) => `M${x(from)} ${MIDDLE_PX - CURVE_PX}Q${x(from)} ${MIDDLE_PX} ${x(from) + CURVE_PX} ${MIDDLE_PX}H${x(to)}`;
