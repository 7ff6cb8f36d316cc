// @ts-check
// The dialogs about a message: to branch at it with a name, and to copy messages onto another branch.

import { call, newKey } from '../lib/api.js';
import { recall } from '../lib/drafts.js';
import { html, useSignal } from '../lib/html.js';
import { backToField } from '../lib/keys.js';
import { excerpt } from '../lib/names.js';
import { attempt } from '../lib/notices.js';
import { branchId, chatId, touch } from '../state/current.js';
import { line, switchTo } from '../state/line.js';
import { BranchChoices } from './branch-picker.js';
import { Dialog } from './dialog.js';
import { dialog } from './message-actions.js';

/** @typedef {import('../state/line-window.js').Message} Message */

/** The most messages of one request. */
const PICKED_AT_MOST = 100;
const NAME_LENGTH = 200;
const PREVIEW_LENGTH = 80;

const close = () => (dialog.value = null);

/**
 * Runs what a form is for, and where that went well closes the dialog and goes on to the question there.
 * @param {import('../vendor/signals.js').Signal<boolean>} isBusy
 * @param {() => unknown} work
 */
const submit = (isBusy, work) => async (/** @type {Event} */ event) => {
  event.preventDefault();
  if (isBusy.value) return;
  isBusy.value = true;
  if (await attempt(work)) {
    close();
    backToField();
  }
  isBusy.value = false;
};

/**
 * Makes a branch at a message, and goes there.
 * @param {Message} message
 * @param {string} name Empty for none.
 */
async function branchAt({ response_id }, name) {
  const body = { original_chat_id: chatId.peek(), branch_from_response_id: response_id, name: name || undefined };
  const made = await call('POST', 'branches/create-branch', { body, key: newKey() });
  void switchTo(made.branch_id);
}

/**
 * Copies messages to the end of a branch, on a branch of their own, and goes there.
 * @param {string[]} messages
 * @param {string} onto
 * @param {string} name
 */
async function pickOnto(messages, onto, name) {
  const body = { response_ids: messages, onto_branch_id: onto, name: name || undefined };
  const { branch } = await call('POST', 'branches/cherry-pick', { body, key: newKey() });
  touch();
  void switchTo(branch.branch_id);
}

/** @param {{message: Message}} props */
export function BranchDialog({ message }) {
  const [name, isBusy] = [useSignal(''), useSignal(false)];
  const begin = async () => {
    const asked = name.value;
    await branchAt(message, asked.trim());
    // Who has gone on typing meanwhile has meant the question.
    const more = name.value.startsWith(asked) ? name.value.slice(asked.length) : '';
    if (more && chatId.peek()) recall(chatId.peek() ?? '', more);
  };
  return html`
    <${Dialog} title="Branch here" close=${close}>
      <form class="form" onSubmit=${submit(isBusy, begin)}>
        <p class="muted">The branch begins after the answer to “<bdi>${excerpt(message.question || message.response)}</bdi>”. What comes after it here stays as it is.</p>
        <label>Name
          <input autofocus dir="auto" maxlength=${NAME_LENGTH} placeholder="Optional" aria-describedby="name-hint" value=${name} onInput=${(/** @type {any} */ event) => (name.value = event.currentTarget.value)} />
          <small id="name-hint">Without one it is called by its first question.</small>
        </label>
        <div class="row end"><button type="button" onClick=${close}>Cancel</button><button type="submit" class="primary" disabled=${isBusy}>Branch here</button></div>
      </form>
    <//>
  `;
}

/** @param {{message: Message}} props */
export function PickDialog({ message }) {
  const chosen = useSignal(new Set([message.response_id]));
  const [onto, isBusy] = [useSignal(''), useSignal(false)];
  const count = chosen.value.size;
  const inOrder = () => line.peek().messages.map((one) => one.response_id).filter((id) => chosen.value.has(id));
  const toggle = (/** @type {string} */ id) => () => {
    const next = new Set(chosen.value);
    if (!next.delete(id)) next.add(id);
    chosen.value = next;
  };
  return html`
    <${Dialog} title="Copy onto another branch" close=${close}>
      <form class="form pick" onSubmit=${submit(isBusy, () => pickOnto(inOrder(), onto.value, ''))}>
        <p class="muted">The copies come on a branch of their own, at the end of the one that you choose. Nothing is moved.</p>
        <fieldset>
          <legend>Messages</legend>
          <div class="choices">${line.value.messages.map((one) => html`<${MessageChoice} key=${one.response_id} message=${one} isChosen=${chosen.value.has(one.response_id)} isFirst=${one === message} toggle=${toggle(one.response_id)} />`)}</div>
        </fieldset>
        <${BranchChoices} legend="Onto the branch" except=${[branchId.value]} chosen=${onto} />
        ${count > PICKED_AT_MOST && html`<p class="field-error">Choose at most ${PICKED_AT_MOST} messages.</p>`}
        <div class="row end">
          <button type="button" onClick=${close}>Cancel</button>
          <button type="submit" class="primary" disabled=${isBusy.value || !onto.value || count === 0 || count > PICKED_AT_MOST}>Copy ${count} ${count === 1 ? 'message' : 'messages'}</button>
        </div>
      </form>
    <//>
  `;
}

/** @param {{message: Message, isChosen: boolean, isFirst: boolean, toggle: () => void}} props */
function MessageChoice({ message: { depth, question, response }, isChosen, isFirst, toggle }) {
  return html`
    <label class="choice" ref=${isFirst ? scrollTo : undefined}>
      <input type="checkbox" checked=${isChosen} onChange=${toggle} />
      <span dir="auto">${depth}. ${(question || response).slice(0, PREVIEW_LENGTH)}</span>
    </label>
  `;
}

/** @param {HTMLElement | null} element */
const scrollTo = (element) => element?.scrollIntoView({ block: 'nearest' });
