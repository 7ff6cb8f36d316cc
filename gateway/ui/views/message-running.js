// @ts-check
// What is on its way at the end of a line: an answer that is being written, and questions that the server has not taken yet.

import { html } from '../lib/html.js';
import { recall } from '../lib/drafts.js';
import { followed } from '../state/answers.js';
import { line } from '../state/line.js';
import { hindrance, resend, withdraw } from '../state/outbox.js';
import { GrowingMarkdown } from './markdown.js';
import { Question } from './message.js';
import { copy } from './message-actions.js';
import { upTo } from '../state/line-window.js';

/** What is told of an answer that is not simply being written. */
const STATES = {
  running: '',
  broken: 'The connection is lost. The answer goes on, and is shown as soon as it is back.',
  stopping: 'Stopping',
  storing: 'Storing the answer',
};

/** So many characters of a question that is not sent yet are shown at first. */
const UNSENT_EXCERPT_LENGTH = 500;
/** The codes of refusals that the same question meets again. */
const LASTING = ['validation_error', 'payload_too_large'];

/** @param {{run: import('../state/answer-stream.js').Run}} props */
export function RunningAnswer({ run }) {
  const { text, reasoning } = run.shown.value;
  const state = STATES[run.state.value];
  const isWaiting = !text && !reasoning && !state;
  return html`
    <article class="message running" aria-label="The answer that is being written" aria-busy="true" tabindex="-1">
      <${AnotherVersion} parent=${run.parent} />
      ${run.question && html`<${Question} text=${run.question} />`}
      ${reasoning && html`<details class="reasoning"><summary>What the model thinks</summary><div class="plain" dir="auto">${reasoning}</div></details>`}
      <div class="response">
        ${text && html`<${GrowingMarkdown} text=${text} />`}
        ${isWaiting && html`<p class="muted thinking">Waiting for the first word</p>`}
        ${state && html`<p class="muted note" role="status">${state}</p>`}
      </div>
    </article>
  `;
}

/** Says that what comes is another version, and leads back to the line that it hides. @param {{parent: string | null}} props */
function AnotherVersion({ parent }) {
  const { messages } = line.value;
  if (upTo(messages, parent).length === messages.length) return null;
  return html`<p class="muted note">This becomes another version, on a branch of its own. <button type="button" class="quiet" onClick=${() => (followed.value = null)}>Back to the line</button></p>`;
}

/** @param {{entry: import('../state/outbox.js').Entry}} props */
export function UnsentQuestion({ entry }) {
  const { question, refusal, branch, code } = entry;
  const edit = () => {
    if (followed.peek() === entry.key) followed.value = null;
    recall(branch, withdraw(entry));
  };
  const why = refusal ?? (hindrance.value ? `${hindrance.value} It is sent by itself as soon as that is possible.` : 'Sending');
  return html`
    <article class="message unsent" aria-label="A question that is not sent yet" tabindex="-1">
      <${AnotherVersion} parent=${entry.parent} />
      <${Question} text=${question} excerpt=${UNSENT_EXCERPT_LENGTH} />
      <div class=${refusal ? 'ending failed' : 'ending'} role="status">
        <p>${why}</p>
        ${(refusal || hindrance.value) && html`
          <div class="row">
            ${refusal && (code === 'answer_running'
              ? html`<button type="button" class="primary" onClick=${() => resend(entry, { beside: true })}>Ask on a branch beside it</button>`
              : !LASTING.includes(code ?? '') && html`<button type="button" onClick=${() => resend(entry)}>Send again</button>`)}
            <button type="button" onClick=${edit}>Take back</button>
            <button type="button" onClick=${() => copy(question, 'Copied')}>Copy</button>
          </div>
        `}
      </div>
    </article>
  `;
}
