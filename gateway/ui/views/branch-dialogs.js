// @ts-check
// The dialogs that change what a branch is called.

import { ApiError } from '../lib/api.js';
import { html, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { updateBranch } from '../state/branches.js';
import { Dialog } from './dialog.js';

/** The limits of the API: characters of a name and of a tag, tags of a branch. */
const NAME_LENGTH = 200;
const TAG_LENGTH = 50;
const TAG_COUNT = 20;

/** @typedef {{branch: import('../lib/outline.js').Branch, close: () => void}} Props */

/** @param {Props} props */
export function NameDialog({ branch, close }) {
  const name = useSignal(branch.name ?? '');
  const save = () => updateBranch(branch.branch_id, { name: name.value.trim() || null });
  return html`
    <${Form} title="Rename the branch" close=${close} save=${save}>
      <label>
        Name
        <input autofocus dir="auto" maxlength=${NAME_LENGTH} value=${name} placeholder=${branch.preview ?? ''} onInput=${(/** @type {any} */ event) => (name.value = event.target.value)} />
        <small>Without a name it is called by how it begins.</small>
      </label>
    <//>
  `;
}

/** @param {Props} props */
export function TagsDialog({ branch, close }) {
  const text = useSignal(branch.tags.join(', '));
  const tags = [...new Set(text.value.split(',').map((tag) => tag.trim()).filter(Boolean))];
  const problem = tags.length > TAG_COUNT ? `At most ${TAG_COUNT} tags.` : tags.some((tag) => [...tag].length > TAG_LENGTH) ? `A tag has at most ${TAG_LENGTH} characters.` : '';
  return html`
    <${Form} title="Tags of the branch" close=${close} problem=${problem} save=${() => updateBranch(branch.branch_id, { tags })}>
      <label>
        Tags, with commas between them
        <input autofocus dir="auto" value=${text} onInput=${(/** @type {any} */ event) => (text.value = event.target.value)} />
        <small>The tree can be filtered by them.</small>
      </label>
    <//>
  `;
}

/**
 * A dialog that saves, and stays open with the reason where that fails.
 * @param {{title: string, close: () => void, save: () => Promise<unknown>, problem?: string, children?: any}} props
 */
function Form({ title, close, save, problem = '', children }) {
  const refused = useSignal('');
  const isBusy = useSignal(false);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (problem || isBusy.value) return;
    isBusy.value = true;
    refused.value = '';
    const isSaved = await attempt(async () => {
      try {
        await save();
      } catch (error) {
        // Notices lie below a modal dialog.
        if (error instanceof ApiError) refused.value = error.status === 422 ? Object.values(error.fields).join(' ') : error.message;
        else throw error;
      }
    });
    isBusy.value = false;
    if (isSaved && !refused.value) close();
  };
  return html`
    <${Dialog} title=${title} close=${close}>
      <form class="form" onSubmit=${submit}>
        ${children}
        <p class="field-error" role="alert">${problem || refused}</p>
        <div class="row end">
          <button type="button" onClick=${close}>Cancel</button>
          <button type="submit" class="primary" disabled=${isBusy}>Save</button>
        </div>
      </form>
    <//>
  `;
}
