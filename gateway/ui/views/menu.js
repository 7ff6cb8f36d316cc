// @ts-check
// Menus: a button that opens a list of actions, which closes on a choice, on Escape, and where something else is clicked or focused. It moves with its button.

import { html, useLayoutEffect, useRef, useSignal } from '../lib/html.js';

/** Between a menu's list and the edges of the window, in pixels. */
const MARGIN_PX = 8;
const CHOICES = 'button:not(:disabled), a';

/**
 * A menu of the buttons and links in `children`. The list is a popover, so that no scrolling part of the page cuts it off.
 * @param {{label: string, face?: any, children?: any}} props `label` names it for screen readers; `face` is what it shows in place of three dots.
 */
export function Menu({ label, face = '⋯', children }) {
  const root = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const list = useRef(/** @type {HTMLDivElement | null} */ (null));
  const isOpen = useSignal(false);
  useLayoutEffect(() => (isOpen.value && root.current && list.current ? openList(root.current, list.current) : undefined), [isOpen.value]);
  // While it is captured, so that what a choice itself focuses keeps the focus.
  const choose = (/** @type {Event} */ event) => {
    if (root.current && event.target instanceof Element && event.target.closest('button, a')) close(root.current);
  };
  return html`
    <details class="menu" ref=${root} onToggle=${() => (isOpen.value = root.current?.open ?? false)} onKeyDown=${moveByKey}>
      <summary aria-label=${label} title=${label}>${face}</summary>
      <div ref=${list} popover="manual" onClickCapture=${choose}>${isOpen.value && children}</div>
    </details>
  `;
}

/** @param {HTMLDetailsElement} menu */
function close(menu) {
  menu.open = false;
  menu.querySelector('summary')?.focus();
}

/**
 * Shows the list beside its button until the menu is closed; returns a function that hides it.
 * @param {HTMLDetailsElement} menu
 * @param {HTMLElement} list
 */
function openList(menu, list) {
  list.showPopover();
  place(menu, list);
  /** @type {HTMLElement | null} */ (list.querySelector(CHOICES))?.focus();
  const closeOutside = (/** @type {Event} */ event) => {
    if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  };
  const follow = (/** @type {Event} */ { target }) => {
    if (!(target instanceof Node) || !target.contains(menu)) return;
    if (isSeen(menu, target)) place(menu, list);
    else menu.open = false;
  };
  const listening = new AbortController();
  const { signal } = listening;
  for (const type of ['pointerdown', 'focusin']) addEventListener(type, closeOutside, { signal });
  addEventListener('scroll', follow, { signal, capture: true });
  addEventListener('resize', () => (menu.open = false), { signal });
  return () => {
    listening.abort();
    if (list.isConnected) list.hidePopover();
  };
}

/**
 * Whether a menu's button is in sight in what scrolls.
 * @param {HTMLElement} menu
 * @param {Node} scrolled
 */
function isSeen(menu, scrolled) {
  if (!(scrolled instanceof Element)) return true;
  const [button, box] = [menu.getBoundingClientRect(), scrolled.getBoundingClientRect()];
  return button.bottom > box.top && button.top < box.bottom;
}

/**
 * Places the list below its button, or above it where there is more room, with their ends aligned.
 * @param {HTMLElement} menu
 * @param {HTMLElement} list
 */
function place(menu, list) {
  const button = menu.getBoundingClientRect();
  const { width, height } = list.getBoundingClientRect();
  const isAbove = button.bottom + height + MARGIN_PX > innerHeight && button.top > innerHeight - button.bottom;
  const left = getComputedStyle(menu).direction === 'rtl' ? button.left : button.right - width;
  const top = isAbove ? button.top - height : button.bottom;
  list.style.left = `${Math.max(MARGIN_PX, Math.min(left, innerWidth - width - MARGIN_PX))}px`;
  list.style.top = `${Math.max(MARGIN_PX, Math.min(top, innerHeight - height - MARGIN_PX))}px`;
}

/** @param {KeyboardEvent} event */
function moveByKey(event) {
  const menu = /** @type {HTMLDetailsElement} */ (event.currentTarget);
  if (event.key === 'Escape' && menu.open) {
    // Not the dialog that the menu may be in.
    event.preventDefault();
    event.stopPropagation();
    close(menu);
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  menu.open = true;
  const choices = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll(CHOICES)]);
  const now = choices.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  choices.at((now < 0 && step < 0 ? now : now + step) % choices.length)?.focus();
}
