// @ts-check
// Menus: a button that opens a list of actions, which closes on a choice, on Escape, and where something else is clicked or focused. It moves with its button.

import { html, useLayoutEffect, useRef, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';

const CHOICES = 'button:not(:disabled), a';

/**
 * A menu of the buttons and links in `children`. The list is a popover, so that no scrolling part of the page cuts it off.
 * @param {{label: string, face?: any, children?: any}} props `label` names it for screen readers; `face` is what it shows in place of three dots.
 */
export function Menu({ label, face = '⋯', children }) {
  const root = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const list = useRef(/** @type {HTMLDivElement | null} */ (null));
  const isOpen = useSignal(false);
  useLayoutEffect(() => (isOpen.value && root.current && list.current ? open(root.current, list.current) : undefined), [isOpen.value]);
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

/**
 * Shows the list, as soon as what places it is loaded; returns a function that hides it.
 * @param {HTMLDetailsElement} menu
 * @param {HTMLElement} list
 */
function open(menu, list) {
  const listening = new AbortController();
  void attempt(async () => {
    const { showList } = await import('./menu-list.js');
    if (listening.signal.aborted) return;
    showList(menu, list, listening.signal);
    /** @type {HTMLElement | null} */ (list.querySelector(CHOICES))?.focus();
  });
  return () => listening.abort();
}

/** @param {HTMLDetailsElement} menu */
function close(menu) {
  menu.open = false;
  menu.querySelector('summary')?.focus();
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
