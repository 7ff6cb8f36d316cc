// @ts-check
// Keyboard shortcuts. Letters are shortcuts while a message has the focus, and text for the question everywhere else: so nothing that one types is lost,
// or does something unmeant. Other keys count wherever nothing is being written, and no dialog is open.

/**
 * @typedef {object} Shortcut
 * @property {string} key As in `KeyboardEvent.key`.
 * @property {string} does What it does, for the help.
 * @property {(event: KeyboardEvent) => void} run
 */

/** The part whose elements take letters as shortcuts: its `article`s, and those that the Tab key leads to. */
const KEYS = '[data-keys]';
/** The field that typed text goes to. */
const FIELD = '[data-typed]';
/** The devices on which a field gets the focus by itself: touch screens would open a keyboard. */
const NO_TOUCH = 'not (pointer: coarse)';
/** The time that a letter waits after a click on a message whether it begins a word, in milliseconds. */
const WORD_MS = 400;

/** @type {Shortcut[]} */
const shortcuts = [];
/** The letter that may begin a word. @type {{key: string, run: () => void, timer: ReturnType<typeof setTimeout>} | null} */
let held = null;

/**
 * Adds shortcuts, and returns a function that removes them. A later one takes the place of an earlier one with the same key.
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

/** Whether a shortcut is a letter. @param {{key: string}} shortcut */
export const isLetter = ({ key }) => /^\p{L}$/u.test(key);

/** Gives the focus to the field for a question, and returns it. */
export function toField() {
  const field = /** @type {HTMLTextAreaElement | undefined} */ ([...document.querySelectorAll(FIELD)].find((one) => one.checkVisibility()));
  field?.focus({ preventScroll: true });
  return field;
}

/** Gives the focus to that field where nobody has asked for it. */
export function autofocusField() {
  if (matchMedia(NO_TOUCH).matches) toField();
}

/** Gives the focus to that field after an action: at once, as one may go on typing, and again after rendering, as a dialog gives the focus back. */
export function backToField() {
  autofocusField();
  queueMicrotask(autofocusField);
}

/** Writes a letter into the field. @param {string} letter */
function type(letter) {
  const field = toField();
  field?.setRangeText(letter, field.selectionStart, field.selectionEnd, 'end');
  field?.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

/** @param {EventTarget | null} target */
const isWriting = (target) => target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;

/** Whether a pointer was used since the last key, and whether the focused element was pointed at. */
let isPointing = false;
let isPointed = false;

/** @param {EventTarget | null} target */
const takesLetters = (target) => target instanceof Element && target.closest(KEYS) !== null && (target.matches('article') || !isPointed);

/** @param {KeyboardEvent} event */
const isText = ({ key }) => [...key].length === 1;

/** Ends the wait for a word. Returns whether the key goes on with one. @param {KeyboardEvent} event */
function goesOn(event) {
  if (!held) return false;
  const { key, run, timer } = held;
  held = null;
  clearTimeout(timer);
  if (isText(event)) type(key);
  else run();
  return isText(event);
}

/** @param {Shortcut} shortcut @param {KeyboardEvent} event */
function press(shortcut, event) {
  event.preventDefault();
  const run = () => {
    held = null;
    shortcut.run(event);
  };
  if (isLetter(event) && isPointed) held = { key: event.key, run, timer: setTimeout(run, WORD_MS) };
  else run();
}

addEventListener('pointerdown', () => (isPointing = true), true);
addEventListener('focusin', () => (isPointed = isPointing));
addEventListener('keydown', (event) => {
  isPointing = false;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isWriting(event.target) || document.querySelector('dialog[open]')) return;
  // The letter itself arrives in the field, as that has the focus by then.
  if (goesOn(event)) return;
  const shortcut = shortcuts.findLast(({ key }) => key === event.key);
  if (shortcut && (!isLetter(event) || takesLetters(event.target))) press(shortcut, event);
  else if (isText(event) && event.key !== ' ') toField();
});
