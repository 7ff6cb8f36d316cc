// @ts-check
// The behavior that the fields for questions share.

import { keepDraft, readDraft, recalls } from '../lib/drafts.js';
import { useEffect, useLayoutEffect, useRef, useSignal } from '../lib/html.js';
import { autofocusField } from '../lib/keys.js';
import { route } from '../lib/router.js';

/**
 * Makes a field as high as its text; a style sheet limits it.
 * @param {HTMLTextAreaElement} field
 */
export function fit(field) {
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
}

/**
 * Whether a key sends what was written: Enter alone, and not to end a composition.
 * @param {KeyboardEvent} event
 */
export const isSend = ({ key, shiftKey, isComposing, keyCode }) => key === 'Enter' && !shiftKey && !isComposing && keyCode !== 229;

/**
 * The draft of a chat, and a function that changes it.
 * @param {string} chat The chat's id, or another name of its draft.
 * @param {{current: HTMLTextAreaElement | null}} field
 */
export function useDraft(chat, field) {
  const text = useSignal(readDraft(chat));
  const recalled = useRef(recalls.value);
  const focus = () => field.current?.focus({ preventScroll: true });
  useEffect(() => {
    // What is open already, such as a search, keeps the focus, and a panel begins at its heading, whichever of the two is rendered first.
    if (document.activeElement === document.body && !route.peek().panel) autofocusField();
  }, []);
  // Before the next key, which would write over it.
  useLayoutEffect(() => {
    text.value = readDraft(chat);
    if (recalls.value !== recalled.current) focus();
    recalled.current = recalls.value;
  }, [recalls.value]);
  useLayoutEffect(() => {
    if (field.current) fit(field.current);
  }, [text.value]);
  const write = (/** @type {string} */ written) => {
    text.value = written;
    keepDraft(chat, written);
  };
  return { text, write };
}
