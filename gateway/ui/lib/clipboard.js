// @ts-check
// The clipboard. Browsers have the asynchronous one on HTTPS and on the machine's own addresses alone.

import { attempt, notify } from './notices.js';

/**
 * Copies a text, and tells it.
 * @param {string} text
 * @param {string} [said] What tells that it is done.
 */
export const copy = (text, said = 'Copied') =>
  attempt(async () => {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else if (!copySelection(text)) return notify('The browser does not let this page copy. Select the text, and copy it by hand', { kind: 'error' });
    notify(said);
  });

/** Copies a text by selecting it, as browsers did before there was a clipboard. @param {string} text */
function copySelection(text) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const field = document.createElement('textarea');
  field.className = 'visually-hidden';
  field.value = text;
  // What is beside an open dialog cannot be selected.
  (before?.closest('dialog') ?? document.body).append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  before?.focus({ preventScroll: true });
  return isCopied;
}
