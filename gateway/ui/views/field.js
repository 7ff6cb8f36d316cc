// @ts-check
// Fields of forms, each with its label, its hint, and what is wrong with it.

import { ApiError } from '../lib/api.js';
import { html, useId, useSignal } from '../lib/html.js';

/** @typedef {Record<string, string>} Errors What is wrong, by the name of the field. */

/**
 * A field. `as` is its element; all other properties are those of that element.
 * @param {{label: string, name: string, errors?: Errors, hint?: any, as?: string, children?: any, [attribute: string]: any}} props
 */
export function Field({ label, name, errors = {}, hint, as = 'input', after, children, ...attributes }) {
  const id = useId();
  const error = errors[name];
  // An error about the length says it all.
  const isHinted = hint && !error?.startsWith('Use at');
  const described = [error && `${id}-error`, isHinted && `${id}-hint`].filter(Boolean).join(' ');
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <div class="row">
        <${as} id=${id} name=${name} aria-invalid=${error ? 'true' : undefined} aria-describedby=${described || undefined} ...${attributes}>${children}<//>
        ${after}
      </div>
      ${error && html`<span class="field-error" id="${id}-error" dir="auto">${error}</span>`}
      ${isHinted && html`<small id="${id}-hint">${hint}</small>`}
    </div>
  `;
}

/**
 * A password, which is shown on demand.
 * @param {{label: string, name: string, autocomplete: 'current-password' | 'new-password', errors?: Errors, hint?: any, [attribute: string]: any}} props
 */
export function PasswordField(props) {
  const isShown = useSignal(false);
  const says = isShown.value ? 'Hide' : 'Show';
  const toggle = html`
    <button type="button" class="quiet" aria-label="${says} the password" onClick=${() => (isShown.value = !isShown.value)}>${says}</button>
  `;
  return html`<${Field} ...${props} type=${isShown.value ? 'text' : 'password'} after=${toggle} autocapitalize="off" spellcheck=${false} />`;
}

/**
 * The texts of a form by the names of its fields, nothing trimmed.
 * @param {Event} event Its submission, which goes nowhere else.
 * @returns {Record<string, string>}
 */
export function submitted(event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}

/**
 * The errors of fields: of a refusal that names fields, and of one whose code belongs to a field. Throws every other error again.
 * @param {unknown} error
 * @param {Record<string, [field: string, text: string]>} [byCode]
 * @returns {Errors}
 */
export function errorsOf(error, byCode = {}) {
  if (!(error instanceof ApiError)) throw error;
  const known = byCode[error.code];
  if (known) return { [known[0]]: known[1] };
  if (Object.keys(error.fields).length === 0) throw error;
  return Object.fromEntries(Object.entries(error.fields).map(([field, text]) => [field, text.replace(/^String should have/, 'Use')]));
}

/** Gives the focus to the first field that is wrong. @param {EventTarget | null} form */
export const focusWrong = (form) => requestAnimationFrame(() => /** @type {HTMLElement | null} */ (form instanceof Element ? form.querySelector('[aria-invalid]') : null)?.focus());

/**
 * The time of day from which one may try again.
 * @param {number} seconds
 */
export const timeIn = (seconds) => new Date(Date.now() + seconds * 1000).toLocaleTimeString();
