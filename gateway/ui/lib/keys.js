// @ts-check
// Keyboard shortcuts. A key counts where nothing is being written, and no dialog is open.

/**
 * @typedef {object} Shortcut
 * @property {string} key As in `KeyboardEvent.key`.
 * @property {string} does What it does, for the help.
 * @property {(event: KeyboardEvent) => void} run
 */

/** @type {Shortcut[]} */
const shortcuts = [];

/**
 * Adds shortcuts, and returns what removes them. A later one takes the place of an earlier one with the same key.
 * @param {Shortcut[]} added
 */
export function addShortcuts(added) {
  shortcuts.push(...added);
  return () => {
    for (const one of added) shortcuts.splice(shortcuts.indexOf(one), 1);
  };
}

/** The shortcuts that count now, for the help. */
export const listShortcuts = () => [...new Map(shortcuts.map((one) => [one.key, one])).values()];

/** @param {EventTarget | null} target */
const isWriting = (target) => target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isWriting(event.target) || document.querySelector('dialog[open]')) return;
  const shortcut = shortcuts.findLast(({ key }) => key === event.key);
  if (!shortcut) return;
  event.preventDefault();
  shortcut.run(event);
});
