// @ts-check
// The focus where what had it is removed or disabled: it stays beside it, and never falls to the page, where keys mean something else.

import { useEffect } from './html.js';

const FOCUSABLE = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex]';

/** @param {Element} root */
const focusableIn = (root) => /** @type {HTMLElement[]} */ ([...root.querySelectorAll(FOCUSABLE)].filter((one) => one.checkVisibility()));

/**
 * Keeps the focus in a part of the page, as long as the part is there.
 * @param {{current: HTMLElement | null}} part
 */
export function useFocusKept(part) {
  useEffect(() => (part.current ? keepFocusIn(part.current) : undefined), []);
}

/**
 * Gives the focus back to the opener of a panel, when the panel is closed. A panel that comes in its place takes it itself: the tree at a
 * row, where it has rows, and each at its heading.
 * @param {{current: HTMLElement | null}} heading It takes the focus where the opener went when the panel came.
 * @param {boolean} [takesFocus] Whether it takes the focus from an opener that stayed, too, as the panel is read from its beginning.
 */
export function useFocusReturned(heading, takesFocus = false) {
  useEffect(() => {
    const { activeElement } = document;
    if (takesFocus || activeElement === document.body) heading.current?.focus();
    const giveBack = () => {
      if (document.activeElement !== document.body) return;
      const isThere = activeElement !== document.body && activeElement?.isConnected && activeElement.checkVisibility();
      const opener = isThere ? activeElement : document.querySelector('.line-bar a[href$="/tree"]');
      const taker = document.querySelector('.panel') ? document.querySelector('.panel [role="treeitem"][tabindex="0"]') : opener;
      /** @type {HTMLElement | null} */ (taker)?.focus();
    };
    return () => requestAnimationFrame(giveBack);
  }, []);
}

/**
 * @param {HTMLElement} element
 * @param {HTMLElement} root
 */
function placesOf(element, root) {
  /** @type {[Element, number][]} */
  const places = [];
  for (let around = element.parentElement; around && root.contains(around); around = around.parentElement) places.push([around, focusableIn(around).indexOf(element)]);
  return places;
}

/**
 * The element in a place now, or at the end of what the place is in: of the innermost that is still there, and has something that takes the focus.
 * @param {[around: Element, place: number][]} places
 */
function besideOf(places) {
  for (const [around, place] of places) {
    const there = around.isConnected ? focusableIn(around) : [];
    if (there.length > 0) return there[Math.min(place, there.length - 1)];
  }
}

/**
 * Gives the focus of a removed element to the one that has come to its place, or back to where it came from; returns a function that ends that.
 * @param {HTMLElement} root
 */
export function keepFocusIn(root) {
  /** The element that has the focus in this part. @type {HTMLElement | null} */
  let last = null;
  /** The elements around it, from the inside, and its place in each. @type {[around: Element, place: number][]} */
  let places = [];
  /** The element that had it before. @type {EventTarget | null} */
  let outside = null;
  const listening = new AbortController();
  const { signal } = listening;
  const follow = (/** @type {FocusEvent} */ { target, relatedTarget }) => {
    const isInside = target instanceof HTMLElement && root.contains(target);
    if (isInside && !(relatedTarget instanceof Node && root.contains(relatedTarget))) outside = relatedTarget ?? outside;
    last = isInside ? target : null;
    if (last) places = placesOf(last, root);
  };
  const mend = () => {
    if (!last || (document.activeElement && document.activeElement !== document.body)) return;
    if (last.isConnected && !focusableIn(root).includes(last)) return;
    const beside = besideOf(places);
    const origin = outside instanceof HTMLElement && outside.isConnected && outside.checkVisibility() ? outside : null;
    // Where nothing is left, the page that the part is of begins with its title.
    const next = last.isConnected ? last : (beside ?? origin ?? focusableIn(root.parentElement ?? root)[0]);
    next?.focus();
  };
  addEventListener('focusin', follow, { signal });
  // Who clicks on what takes no focus wants it nowhere.
  addEventListener('pointerdown', () => (last = null), { signal, capture: true });
  const changes = new MutationObserver(mend);
  changes.observe(root, { childList: true, subtree: true, attributeFilter: ['disabled'] });
  return () => {
    listening.abort();
    changes.disconnect();
  };
}
