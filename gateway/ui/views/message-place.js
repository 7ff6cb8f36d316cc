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
 * @typedef {object} Surroundings What a place asks of the line, and tells it.
 * @property {(side: 'older' | 'newer') => unknown} needs Asks for the messages beside what is loaded.
 * @property {() => boolean} hasNewer Whether what is loaded ends before the line does.
 * @property {(id: string) => void} sees Tells the last message that is seen, by its element's id.
 */

/** Keeps the place in a scrolled box. The browser's own anchoring is not used, as not all have it, and as it ends at the upper edge. */
export class Place {
  /** Whether the end of the line is seen. */
  isAtEnd = signal(true);
  /** The element that stays where it is, and how far it is below the upper edge; null for the end. @type {{id: string, top: number} | null} */
  #anchor = null;
  /** The place of the box when the anchor was taken. */
  #known = 0;
  /** The place to which this class has scrolled: a scroll event there is none of the reader's. */
  #put = -1;
  #box;
  #content;
  #line;
  #sizes = new ResizeObserver(() => this.settle());

  /**
   * @param {HTMLElement} box
   * @param {HTMLElement} content Its only child, with the messages as its children.
   * @param {Surroundings} line
   */
  constructor(box, content, line) {
    this.#box = box;
    this.#content = content;
    this.#line = line;
    this.#sizes.observe(content);
    this.#sizes.observe(box);
    box.addEventListener('scroll', this.#remember, { passive: true });
  }

  end() {
    this.#sizes.disconnect();
    this.#box.removeEventListener('scroll', this.#remember);
  }

  /** Puts the box back to where it was, after what is in it has changed. */
  settle() {
    const box = this.#box;
    const element = this.#anchor && document.getElementById(this.#anchor.id);
    if (this.#anchor && element) {
      // The reader may have scrolled since, of which the event is still to come.
      const scrolled = box.scrollTop - this.#known;
      box.scrollTop += this.#topOf(element) - (this.#anchor.top - scrolled);
      this.#anchor.top = this.#topOf(element);
    } else if (this.isAtEnd.peek()) {
      // The same holds for the end: who has left it is not brought back.
      if (box.scrollTop < this.#known && !this.#isEnd()) return this.#remember();
      box.scrollTop = box.scrollHeight;
    }
    // What became shorter may have its end in sight.
    if (this.#anchor && this.#isEnd(1)) {
      this.#anchor = null;
      this.isAtEnd.value = true;
    }
    this.#put = this.#known = box.scrollTop;
    this.#look();
  }

  toEnd() {
    this.#anchor = null;
    this.isAtEnd.value = true;
    this.settle();
  }

  /**
   * @param {string} id
   * @param {number} [top] How far below the upper edge it is put, in pixels.
   */
  toElement(id, top = MARGIN_PX) {
    if (!document.getElementById(id)) return this.toEnd();
    this.#anchor = { id, top };
    this.#known = this.#box.scrollTop;
    this.isAtEnd.value = false;
    this.settle();
    this.#put = -1;
    this.isAtEnd.value = this.#isEnd();
  }

  /** The reading place: the message at the upper edge, and its offset; null at the end. */
  reading() {
    const [, message] = /^m-(.+)/.exec(this.#anchor?.id ?? '') ?? [];
    return message && this.#anchor ? { message, top: this.#anchor.top } : null;
  }

  /** The last message of which something is seen. */
  lastVisible() {
    let found = this.#firstVisible();
    for (let next = found; next?.matches('.message') && this.#topOf(next) < this.#box.clientHeight - MARGIN_PX; ) {
      found = next;
      next = /** @type {HTMLElement} */ (next.nextElementSibling);
    }
    return found;
  }

  /** Takes the place that the reader has scrolled to. */
  #remember = () => {
    if (this.#box.scrollTop === this.#put) return;
    this.#put = -1;
    this.#known = this.#box.scrollTop;
    this.isAtEnd.value = this.#isEnd();
    const first = this.#firstVisible();
    this.#anchor = this.isAtEnd.peek() || !first ? null : { id: first.id, top: this.#topOf(first) };
    this.#look();
  };

  /** Tells what is read, and asks for what is near. */
  #look() {
    const last = this.lastVisible();
    if (last) this.#line.sees(last.id);
    if (this.#box.scrollTop < AHEAD_PX) this.#line.needs('older');
    if (this.#rest() < AHEAD_PX) this.#line.needs('newer');
  }

  /** The first message of which something is seen, as they lie in order. */
  #firstVisible() {
    const all = /** @type {HTMLElement[]} */ ([...this.#content.querySelectorAll(':scope > .message')]);
    let [from, to] = [0, all.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#topOf(all[middle]) + all[middle].offsetHeight <= 0) from = middle + 1;
      else to = middle;
    }
    return all[from];
  }

  /** @param {Element} element */
  #topOf(element) {
    return element.getBoundingClientRect().top - this.#box.getBoundingClientRect().top;
  }

  #rest() {
    return this.#box.scrollHeight - this.#box.clientHeight - this.#box.scrollTop;
  }

  #isEnd(within = END_PX) {
    return this.#rest() <= within && !this.#line.hasNewer();
  }
}
