// @ts-check
// The messages of the window, rendered some at a time from where one lands, so that no task holds the page up.

import { useEffect, useRef, useSignal } from '../lib/html.js';
import { landing } from '../state/line.js';

/** @typedef {import('../state/line-window.js').Message} Message */

/** So many messages are rendered at once, on each side. */
const CHUNK = 6;
/** So many messages more at the end are rendered at once, as they were just said. */
const SAID = 2;

/**
 * What is rendered by now, as a range of depths. `isWhole` tells whether that is all.
 * @param {Message[]} messages
 */
export function useChunks(messages) {
  const range = useRef({ landing: /** @type {unknown} */ (null), from: 0, to: 0, isWhole: false });
  const ticks = useSignal(0);
  const [first, last] = [messages[0]?.depth ?? 0, messages.at(-1)?.depth ?? 0];
  const now = range.current;
  if (now.landing !== landing.value) begin(now, messages);
  if (last - now.to <= SAID) now.to = last;
  now.from = Math.max(now.from, first);
  now.isWhole = now.from <= first && now.to >= last;
  // Read in each case, so that the component is rendered again by it.
  const tick = ticks.value;
  useEffect(() => {
    if (now.isWhole) return;
    const timer = setTimeout(() => {
      now.from = Math.max(first, now.from - CHUNK);
      now.to = Math.min(last, now.to + CHUNK);
      ticks.value++;
    });
    return () => clearTimeout(timer);
  }, [tick, first, last, landing.value]);
  return { range: now, rendered: messages.filter(({ depth }) => depth >= now.from && depth <= now.to) };
}

/**
 * Begins at where one lands, unless that is rendered already.
 * @param {{landing: unknown, from: number, to: number}} range
 * @param {Message[]} messages
 */
function begin(range, messages) {
  const { message } = landing.value;
  range.landing = landing.value;
  const depth = (messages.find(({ response_id }) => response_id === message) ?? messages.at(-1))?.depth ?? 0;
  const isRendered = depth >= range.from && depth <= range.to && messages.some((one) => one.depth === range.from);
  if (!isRendered) Object.assign(range, { from: depth - CHUNK, to: depth + CHUNK });
}
