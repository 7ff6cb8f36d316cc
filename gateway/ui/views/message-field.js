// @ts-check
// What the fields have in common in which questions are written.

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
