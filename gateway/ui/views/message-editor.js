// @ts-check
// A question that is edited in its place. What is asked is another version: the one before stays.

import { html, useLayoutEffect, useRef, useSignal } from '../lib/html.js';
import { keepDraft, readDraft } from '../lib/drafts.js';
import { backToField } from '../lib/keys.js';
import { branchId, chatId } from '../state/current.js';
import { line } from '../state/line.js';
import { ask } from '../state/outbox.js';
import { model } from '../state/models.js';
import { editing } from './message-actions.js';
import { fit, isSend } from './message-field.js';

/** @param {{message: import('../state/line-window.js').Message}} props */
export function QuestionEditor({ message: { response_id, parent_response_id, question, version } }) {
  const draft = `edit:${response_id}`;
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const text = useSignal(readDraft(draft) || question);
  useLayoutEffect(() => begin(field.current), []);
  const close = () => {
    editing.value = null;
    document.getElementById(`m-${response_id}`)?.focus({ preventScroll: true });
  };
  const discard = () => {
    keepDraft(draft, '');
    close();
  };
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    const [chat, branch] = [chatId.peek(), branchId.peek()];
    if (!chat || !branch || !text.value.trim()) return;
    ask({ chat, branch, parent: parent_response_id, question: text.value, model: model.value });
    keepDraft(draft, '');
    backToField();
    editing.value = null;
  };
  const write = () => {
    if (!field.current) return;
    text.value = field.current.value;
    keepDraft(draft, text.value === question ? '' : text.value);
    fit(field.current);
    reveal(field.current);
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape') close();
    if (isSend(event)) send(event);
  };
  const { messages, newer } = line.value;
  const hasLater = newer || messages.at(-1)?.response_id !== response_id;
  return html`
    <form class="question editor" onSubmit=${send}>
      <textarea ref=${field} rows="1" dir="auto" aria-label="The question" value=${text} onInput=${write} onKeyDown=${press}></textarea>
      <div class="row end">
        <small class="grow">${hasLater ? `Your later questions stay with version ${version}.` : `Version ${version} stays.`}</small>
        <button type="button" onClick=${discard}>Cancel</button>
        <button type="submit" class="primary" disabled=${!text.value.trim()}>Ask</button>
      </div>
    </form>
  `;
}

/** Puts the cursor at the end of what is to be edited. @param {HTMLTextAreaElement | null} field */
function begin(field) {
  if (!field) return;
  fit(field);
  field.focus({ preventScroll: true });
  reveal(field);
  field.setSelectionRange(field.value.length, field.value.length);
}

/** Scrolls to the whole editor, with its buttons. @param {HTMLTextAreaElement} field */
const reveal = (field) => field.form?.scrollIntoView({ block: 'nearest' });
