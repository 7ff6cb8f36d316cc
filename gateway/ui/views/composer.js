// @ts-check
// The field for a question. Its draft is kept, for each chat, until it is sent.

import { html, useEffect, useRef, useSignal } from '../lib/html.js';
import { backToField } from '../lib/keys.js';
import { branchId, chatId } from '../state/current.js';
import { line, showEnd } from '../state/line.js';
import { chooseModel, loadModels, model, models, nextModel, settledModel } from '../state/models.js';
import { ask, unsent } from '../state/outbox.js';
import { shownRun, stop } from '../state/runs.js';
import { isSend, useDraft } from './message-field.js';
import { Icon } from './message-icons.js';
import { TestModel } from './test-model.js';

/** Why nothing can be asked now; empty where it can. */
function obstacle() {
  if (models.value?.length === 0) return 'This deployment has no model that answers.';
  if (line.value.busy || line.value.failed) return 'The messages are being read.';
  if (shownRun.value) return 'An answer is being written. Stop it, or wait for its end.';
  return unsent.value.length > 0 ? 'The question before is not sent yet.' : '';
}

export const Composer = () => chatId.value && branchId.value && html`<${Field} key=${chatId.value} chat=${chatId.value} branch=${branchId.value} />`;

/** @param {{chat: string, branch: string}} props */
function Field({ chat, branch }) {
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const { text, write } = useDraft(chat, field);
  const isToldWhy = useSignal(false);
  useEffect(() => void loadModels(), []);
  useEffect(stayAboveKeyboard, []);
  const reason = obstacle();
  useEffect(() => {
    isToldWhy.value = false;
  }, [reason]);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    isToldWhy.value = reason !== '';
    if (reason || !text.value.trim()) return;
    ask({ chat, branch, parent: parentNow(), question: text.value, model: model.value });
    write('');
    void showEnd();
    backToField();
  };
  const input = () => {
    write(field.current?.value ?? '');
    isToldWhy.value = false;
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (isSend(event)) submit(event);
    // From here the keys of the line are not reached.
    if (event.key === 'Escape') /** @type {HTMLElement | undefined} */ ([...document.querySelectorAll('.messages > .message')].at(-1))?.focus();
  };
  return html`
    <form class="composer" aria-label="Ask" onSubmit=${submit}>
      ${isToldWhy.value && reason && html`<p class="hint muted" role="status">${reason}</p>`}
      <div class="composer-field">
        <textarea ref=${field} rows="1" dir="auto" aria-label="Your question" enterkeyhint="send" placeholder="Ask something" data-typed value=${text}
          onInput=${input} onKeyDown=${press}></textarea>
        <${ModelChoice} />
        <${Submit} isReady=${!reason && text.value.trim() !== ''} reason=${reason} />
      </div>
      <${TestModel} model=${nextModel.value} isShort />
    </form>
  `;
}

/** Tells the style sheet how much of the page a keyboard covers, where the browser lays it over the page. */
function stayAboveKeyboard() {
  const view = window.visualViewport;
  if (!view) return;
  const tell = () => document.documentElement.style.setProperty('--keyboard', `${Math.max(0, Math.round(innerHeight - view.height * view.scale - view.offsetTop))}px`);
  view.addEventListener('resize', tell);
  return () => view.removeEventListener('resize', tell);
}

/** The head of the line, which a question that is asked now follows. */
function parentNow() {
  const { messages, newer, branch } = line.peek();
  return newer ? (branch?.head_response_id ?? null) : (messages.at(-1)?.response_id ?? null);
}

/** @param {{isReady: boolean, reason: string}} props */
function Submit({ isReady, reason }) {
  const run = shownRun.value;
  if (run) {
    const isStopping = run.state.value !== 'running' && run.state.value !== 'broken';
    const end = () => {
      void stop(run);
      backToField();
    };
    return html`<button type="button" class="round" aria-label="Stop the answer" title="Stop the answer" disabled=${isStopping} onClick=${end}><${Icon} name="stop" /></button>`;
  }
  return html`<button type="submit" class="round primary" aria-label="Ask" title=${reason || 'Ask (Enter)'} disabled=${!isReady}><${Icon} name="send" /></button>`;
}

function ModelChoice() {
  const names = models.value ?? [];
  if (names.length < 2) return null;
  const choose = (/** @type {any} */ event) => chooseModel(event.currentTarget.value);
  return html`
    <select class="model" aria-label="Model" value=${model.value ?? ''} onChange=${choose}>
      <option value="">${settledModel.value || 'Default model'}</option>
      ${names.filter((name) => name !== settledModel.value).map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
    </select>
  `;
}
