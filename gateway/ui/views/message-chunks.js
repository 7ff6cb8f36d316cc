// @ts-check
// The messages of the window, rendered some at a time from where one lands, so that no task holds the page up.

import { useEffect, useRef, useSignal } from '../lib/html.js';
import { landing } from '../state/line.js';

/** @typedef {import('../state/line-window.js').Message} Message */

/** The messages that are rendered at once, on each side. */
const CHUNK = 6;
/** The messages at the end that are rendered in any case, as they were just said. */
const SAID = 2;

/**
 * @typedef {object} Range The rendered part, in depths.
 * @property {unknown} landing The landing from which it has grown.
 * @property {number} from
 * @property {number} to
 * @property {number} first The ends of what is loaded.
 * @property {number} last
 */

/**
 * The messages that are rendered by now, and what tells whether these are all.
 * @param {Message[]} messages
 */
export function useChunks(messages) {
  const range = useRef(/** @type {Range} */ ({ landing: null, from: 0, to: -1, first: 0, last: 0 }));
  const ticks = useSignal(0);
  const now = range.current;
  now.first = messages[0]?.depth ?? 0;
  now.last = messages.at(-1)?.depth ?? 0;
  if (now.landing !== landing.value || now.to < now.first || now.from > now.last) begin(now, messages);
  if (now.last - now.to <= SAID) now.to = now.last;
  // Read in each case, so that the component is rendered again by it.
  const tick = ticks.value;
  useEffect(() => {
    if (isWhole(now)) return;
    const timer = setTimeout(() => {
      // By the ends of then: other messages may have been loaded since.
      now.from = Math.max(now.first, now.from - CHUNK);
      now.to = Math.min(now.last, now.to + CHUNK);
      ticks.value++;
    });
    return () => clearTimeout(timer);
  }, [tick, now.first, now.last, landing.value]);
  return { isWhole: () => isWhole(now), rendered: messages.filter(({ depth }) => depth >= now.from && depth <= now.to) };
}

/** @param {Range} range */
const isWhole = ({ from, to, first, last }) => from <= first && to >= last;

/**
 * Begins at where one lands, unless that is rendered already.
 * @param {Range} range
 * @param {Message[]} messages
 */
function begin(range, messages) {
  const { message } = landing.value;
  range.landing = landing.value;
  const depth = messages.find(({ response_id }) => response_id === message)?.depth ?? range.last;
  if (depth < range.from || depth > range.to) Object.assign(range, { from: depth - CHUNK, to: depth + CHUNK });
}
