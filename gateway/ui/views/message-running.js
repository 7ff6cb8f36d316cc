// @ts-check
// The unfinished end of a line: an answer that is being written, and questions that the server has not taken yet.

import { copy } from '../lib/clipboard.js';
import { html } from '../lib/html.js';
import { recall } from '../lib/drafts.js';
import { go } from '../lib/router.js';
import { line } from '../state/line.js';
import { withdraw } from '../state/outbox.js';
import { followed, otherRuns } from '../state/runs.js';
import { hindrance, resend } from '../state/sending.js';
import { GrowingMarkdown } from './markdown-growing.js';
import { Question } from './message.js';
import { upTo } from '../state/line-window.js';
import { TestModel } from './test-model.js';

/** The texts for an answer that is not simply being written. */
const STATES = {
  running: '',
  broken: 'The connection is lost. The answer goes on, and is shown as soon as it is back.',
  stopping: 'Stopping',
  storing: 'Storing the answer',
};

/** The characters of an unsent question that are shown at first. */
const UNSENT_EXCERPT_LENGTH = 500;
/** The codes of refusals that the same question meets again. */
const LASTING = ['validation_error', 'payload_too_large'];

/** @param {{run: import('../state/answer-stream.js').Run, isTest: boolean}} props `isTest`: whether it is the first of the test model. */
export function RunningAnswer({ run, isTest }) {
  const { text, reasoning } = run.shown.value;
  const state = STATES[run.state.value];
  const isWaiting = !text && !reasoning && !state;
  return html`
    <article class="message running" aria-label="The answer that is being written" aria-busy="true" tabindex="-1">
      ${run.question && html`<${Question} text=${run.question} />`}
      <${AnotherVersion} parent=${run.parent} />
      ${reasoning && html`<details class="reasoning"><summary>What the model thinks</summary><div class="plain" dir="auto">${reasoning}</div></details>`}
      <div class="response">
        ${text && html`<${GrowingMarkdown} text=${text} />`}
        ${isWaiting && html`<p class="muted thinking">Waiting for the first word</p>`}
        ${state && html`<p class="muted note" role="status">${state}</p>`}
      </div>
      ${isTest && html`<${TestModel} model=${run.model} />`}
    </article>
  `;
}

/** Says of another version what stays beside it, and leads back there. @param {{parent: string | null}} props */
function AnotherVersion({ parent }) {
  const { messages, newer } = line.value;
  const [old, ...later] = messages.slice(upTo(messages, parent).length);
  if (!old) return null;
  const stays = later.length > 0 || newer ? `Your later questions stay with version ${old.version}.` : `Version ${old.version} stays.`;
  return html`<p class="muted note">${stays} <button type="button" class="quiet" onClick=${() => (followed.value = null)}>Go back</button></p>`;
}

/** @param {{entry: import('../state/outbox.js').Entry}} props */
export function UnsentQuestion({ entry }) {
  const { question, refusal, chat, code } = entry;
  const edit = () => {
    if (followed.peek() === entry.key) followed.value = null;
    recall(chat, withdraw(entry));
  };
  const why = refusal ?? (hindrance.value ? `${hindrance.value} It is sent by itself as soon as that is possible.` : 'Sending');
  return html`
    <article class="message unsent" aria-label="A question that is not sent yet" tabindex="-1">
      <${Question} text=${question} excerpt=${UNSENT_EXCERPT_LENGTH} />
      <${AnotherVersion} parent=${entry.parent} />
      <div class=${refusal ? 'ending failed' : 'ending'} role="status">
        <p>${why}</p>
        ${(refusal || hindrance.value) && html`
          <div class="row">
            ${refusal && (code === 'answer_running'
              ? html`<button type="button" class="primary" onClick=${() => resend(entry, { beside: true })}>Ask on a branch beside it</button>`
              : !LASTING.includes(code ?? '') && html`<button type="button" onClick=${() => resend(entry)}>Send again</button>`)}
            <button type="button" onClick=${edit}>Take back</button>
            <button type="button" onClick=${() => copy(question)}>Copy</button>
          </div>
        `}
      </div>
    </article>
  `;
}

/** Tells of answers that are under way where one does not look. */
export function OtherAnswers() {
  const [first, ...more] = otherRuns.value;
  if (!first) return null;
  return html`
    <div class="other-answers" role="status">
      <span>${more.length === 0 ? 'An answer is being written elsewhere in this chat.' : `${more.length + 1} answers are being written elsewhere in this chat.`}</span>
      <button type="button" class="quiet" onClick=${() => showRun(first)}>Show</button>
    </div>
  `;
}

/**
 * Shows an answer that is under way where it was asked.
 * @param {import('../state/answer-stream.js').Run} run
 */
function showRun({ key, chat, branch, parent }) {
  followed.value = key;
  go({ name: 'chat', chat, branch, message: parent ?? undefined });
}
