// @ts-check
// The place in the line that one reads. What comes before it, or grows above it, does not move it; at the end, the end is followed.

import { signal } from '../lib/html.js';

/** So near to the end counts as being there, in pixels. */
const END_PX = 32;
/** So far from an edge of what is loaded the next page is asked for. */
const AHEAD_PX = 800;
/** Between the upper edge and a message that was gone to. */
const MARGIN_PX = 12;

/**
 * Keeps the place in a scrolled box. The browser's own anchoring is not used, as not all have it, and it ends at the upper edge.
 * @param {HTMLElement} box
 * @param {HTMLElement} content Its only child, with the messages as its children.
 * @param {{needs: (side: 'older' | 'newer') => void, hasNewer: () => boolean, sees: (id: string) => void}} line
 */
export function keepPlace(box, content, { needs, hasNewer, sees }) {
  const isAtEnd = signal(true);
  /** What is kept where it is; null for the end. @type {{id: string, top: number} | null} */
  let anchor = null;
  /** Where the box was put by this module: a scroll event there is none of the reader's. */
  let put = -1;

  const topOf = (/** @type {Element} */ element) => element.getBoundingClientRect().top - box.getBoundingClientRect().top;
  const rest = () => box.scrollHeight - box.clientHeight - box.scrollTop;

  function remember() {
    if (box.scrollTop === put) return;
    put = -1;
    const isEnd = rest() <= END_PX && !hasNewer();
    isAtEnd.value = isEnd;
    const first = firstVisible();
    anchor = isEnd || !first ? null : { id: first.id, top: topOf(first) };
    look();
  }

  /** Tells what is read, and asks for what is near. */
  function look() {
    const last = lastVisible();
    if (last) sees(last.id);
    if (box.scrollTop < AHEAD_PX) needs('older');
    if (rest() < AHEAD_PX) needs('newer');
  }

  /** The first message of which something is seen, as they lie in order. */
  function firstVisible() {
    const all = /** @type {HTMLElement[]} */ ([...content.querySelectorAll(':scope > .message')]);
    let [from, to] = [0, all.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (topOf(all[middle]) + all[middle].offsetHeight <= 0) from = middle + 1;
      else to = middle;
    }
    return all[from];
  }

  function lastVisible() {
    let found = firstVisible();
    while (found?.nextElementSibling?.matches('.message') && topOf(found.nextElementSibling) < box.clientHeight - MARGIN_PX) {
      found = /** @type {HTMLElement} */ (found.nextElementSibling);
    }
    return found;
  }

  /** Puts the box back to where it was, after what is in it has changed. */
  function settle() {
    const element = anchor && document.getElementById(anchor.id);
    if (anchor && element) {
      box.scrollTop += topOf(element) - anchor.top;
      anchor.top = topOf(element);
    } else if (isAtEnd.peek()) box.scrollTop = box.scrollHeight;
    put = box.scrollTop;
    look();
  }

  function toEnd() {
    anchor = null;
    isAtEnd.value = true;
    settle();
  }

  /** @param {string} id */
  function toElement(id) {
    if (!document.getElementById(id)) return toEnd();
    anchor = { id, top: MARGIN_PX };
    isAtEnd.value = false;
    settle();
    put = -1;
    isAtEnd.value = rest() <= END_PX && !hasNewer();
  }

  const sizes = new ResizeObserver(settle);
  sizes.observe(content);
  sizes.observe(box);
  box.addEventListener('scroll', remember, { passive: true });
  const end = () => {
    sizes.disconnect();
    box.removeEventListener('scroll', remember);
  };
  return { isAtEnd, settle, toEnd, toElement, lastVisible, end };
}
