// @ts-check
// The place of the list of an open menu, and the events that close it from outside. Loaded after the view that has the menu.

/** Between a menu's list and the edges of the window, in pixels. */
const MARGIN_PX = 8;

/**
 * Shows the list beside its button, and moves it with that until the menu is closed.
 * @param {HTMLDetailsElement} menu
 * @param {HTMLElement} list
 * @param {AbortSignal} signal Aborted when the menu is closed.
 */
export function showList(menu, list, signal) {
  list.showPopover();
  place(menu, list);
  const closeOutside = (/** @type {Event} */ event) => {
    if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  };
  const follow = (/** @type {Event} */ { target }) => {
    if (!(target instanceof Node) || !target.contains(menu)) return;
    if (isSeen(menu, target)) place(menu, list);
    else menu.open = false;
  };
  for (const type of ['pointerdown', 'focusin']) addEventListener(type, closeOutside, { signal });
  addEventListener('scroll', follow, { signal, capture: true });
  addEventListener('resize', () => (menu.open = false), { signal });
  signal.addEventListener('abort', () => list.isConnected && list.hidePopover());
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
