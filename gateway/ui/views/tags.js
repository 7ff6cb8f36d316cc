// @ts-check
// Tags: a field for them, and a dialog with one.

import { html, useId, useRef, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { quoted } from '../state/chats.js';
import { Dialog } from './dialog.js';

/** Limits of the API. */
const TAG_LENGTH = 50;
const MOST_TAGS = 20;

/**
 * Tags that can be removed, and a field that adds one.
 * @param {{tags: string[], change: (tags: string[]) => void}} props
 */
export function TagsField({ tags, change }) {
  const id = useId();
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const add = () => {
    const text = input.current?.value.trim();
    if (input.current) input.current.value = '';
    if (text && !tags.includes(text)) change([...tags, text]);
  };
  const remove = (/** @type {string} */ tag) => {
    change(tags.filter((one) => one !== tag));
    input.current?.focus();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    // A comma ends a tag as Enter does; neither sends the form, but for Enter in an empty field.
    if (event.isComposing || (event.key !== 'Enter' && event.key !== ',')) return;
    if (event.key === 'Enter' && !input.current?.value.trim()) return;
    event.preventDefault();
    add();
  };
  return html`
    <div class="field">
      <label for=${id}>Tags</label>
      <div class="row">
        <input ref=${input} id=${id} class="grow" dir="auto" maxlength=${TAG_LENGTH} autocomplete="off" enterkeyhint="done" disabled=${tags.length >= MOST_TAGS}
          placeholder=${tags.length >= MOST_TAGS ? `${MOST_TAGS} tags are the most` : 'Add a tag'} onKeyDown=${onKeyDown} onBlur=${add} />
        <button type="button" onClick=${add}>Add</button>
      </div>
      ${tags.length > 0 &&
      html`<ul class="row chips" aria-label="Tags">
        ${tags.map((tag) => html`<li key=${tag}><button type="button" class="chip" aria-label="Remove the tag ${tag}" onClick=${() => remove(tag)}><span dir="auto">${tag}</span><span aria-hidden="true">×</span></button></li>`)}
      </ul>`}
    </div>
  `;
}

/**
 * @param {{of: string, tags: string[], save: (tags: string[]) => unknown, close: () => void}} props `of` names what they are the tags of.
 */
export function TagsDialog({ of, tags, save, close }) {
  const chosen = useSignal(tags);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (await attempt(() => save(chosen.peek()))) close();
  };
  return html`
    <${Dialog} title="Tags of ${quoted(of)}" close=${close}>
      <form class="form" onSubmit=${submit}>
        <${TagsField} tags=${chosen.value} change=${(/** @type {string[]} */ next) => (chosen.value = next)} />
        <div class="row end"><button type="button" onClick=${close}>Cancel</button><button class="primary">Save</button></div>
      </form>
    <//>
  `;
}
