// @ts-check
// One message of a line: a question, its response, and what can be done with them.

import { copy } from '../lib/clipboard.js';
import { classes, html, useSignal } from '../lib/html.js';
import { fullTime, shortTime } from '../lib/times.js';
import { switchTo } from '../state/line.js';
import { leftBehind } from '../state/runs.js';
import { Lazy } from './lazy.js';
import { Markdown } from './markdown.js';
import { Menu } from './menu.js';
import { editing, forkAt, linkTo, openDialog, regenerate } from './message-actions.js';
import { Icon } from './message-icons.js';
import { Ending } from './message-status.js';
import { Versions } from './message-versions.js';
import { TestModel } from './test-model.js';

const editor = () => import('./message-editor.js').then(({ QuestionEditor }) => QuestionEditor);
const forkList = () => import('./message-forks.js').then(({ ForkList }) => ForkList);

/** @typedef {import('../state/line-window.js').Message} Message */

/** The id of a message's element. @param {string} id */
export const elementId = (id) => `m-${id}`;

/** @param {{message: Message, isLast: boolean, isTest: boolean}} props `isTest`: whether it is the first of the test model. */
export function MessageView({ message, isLast, isTest }) {
  const { response_id, depth, question, response, generation, timestamp, inherited, version_count } = message;
  const isEdited = editing.value === response_id;
  const shown = html`<${Asked} key=${response_id} id=${response_id} text=${question} />`;
  return html`
    <article class=${classes({ message: true, last: isLast, inherited })} id=${elementId(response_id)} tabindex="-1" aria-labelledby=${`h-${response_id}`}>
      <h2 class="visually-hidden" id=${`h-${response_id}`}>Message ${depth}</h2>
      ${isEdited ? html`<${Lazy} load=${editor} props=${{ message }}>${shown}<//>` : shown}
      <${LeftBehind} id=${response_id} />
      <div class="response">
        ${response ? html`<${Markdown} key=${response_id} text=${response} />` : html`<p class="muted">No text was said.</p>`}
        <${Ending} message=${message} />
      </div>
      <footer class="message-foot">
        <${Actions} message=${message} />
        ${version_count > 1 && html`<${Versions} message=${message} />`}
        <small class="made"><${Time} at=${timestamp} />${generation && html` · <span>${generation.model}</span>`}</small>
      </footer>
      ${isTest && html`<${TestModel} model=${generation?.model} />`}
      ${message.branch_count > 0 && html`<${Forks} message=${message} />`}
    </article>
  `;
}

/** The time of a message: a component of its own, as it is rendered again each minute. @param {{at: string}} props */
const Time = ({ at }) => html`<time datetime=${at} title=${fullTime(at)}>${shortTime(at)}</time>`;

/** A question with the way to edit it. @param {{id: string, text: string}} props */
const Asked = ({ id, text }) => html`
  <div class="asked">
    <button type="button" class="icon" aria-label="Edit the question" title="Edit the question (e)" onClick=${() => (editing.value = id)}><${Icon} name="edit" /></button>
    ${text && html`<${Question} text=${text} />`}
  </div>
`;

/** Says where the questions are that an edit has left behind, and leads there. @param {{id: string}} props */
function LeftBehind({ id }) {
  if (leftBehind.value?.message !== id) return null;
  const { branch, old } = leftBehind.value;
  return html`<p class="muted note">Your later questions stay with version ${old.version}. <button type="button" class="quiet" onClick=${() => switchTo(branch, { message: old.response_id })}>Go back</button></p>`;
}

/** The characters of a question that are shown at first. */
const EXCERPT_LENGTH = 2_000;

/** A question, as plain text. @param {{text: string, excerpt?: number}} props */
export function Question({ text, excerpt = EXCERPT_LENGTH }) {
  const isWhole = useSignal(text.length <= excerpt);
  return html`
    <div class="question">
      <div dir="auto">${isWhole.value ? text : `${text.slice(0, excerpt)}...`}</div>
      ${!isWhole.value && html`<button type="button" onClick=${() => (isWhole.value = true)}>Show the whole question (${text.length.toLocaleString()} characters)</button>`}
    </div>
  `;
}

/** @param {{message: Message}} props */
function Actions({ message }) {
  const { response, question } = message;
  return html`
    <span class="actions">
      <button type="button" class="icon" aria-label="Regenerate the answer" title="Regenerate the answer (r)" onClick=${() => regenerate(message)}><${Icon} name="again" /></button>
      <button type="button" class="icon" aria-label="Branch here" title="Branch here (b): go on another way after this answer" onClick=${() => openDialog('BranchDialog', message)}><${Icon} name="branch" /><span class="word">Branch here</span></button>
      <button type="button" class="icon" aria-label="Copy the answer" title="Copy the answer" onClick=${() => copy(response || question)}><${Icon} name="copy" /></button>
      <${Menu} label="More actions" face=${html`<${Icon} name="more" />`}>
        <button type="button" onClick=${() => copy(question)}>Copy the question</button>
        <button type="button" onClick=${() => copy(linkTo(message), 'The link is copied')}>Copy a link</button>
        <button type="button" onClick=${() => forkAt(message)}>Fork to a new chat</button>
        <button type="button" onClick=${() => openDialog('PickDialog', message)}>Copy onto another branch...</button>
      <//>
    </span>
  `;
}

/** The branches that fork from a message, which are read when they are asked for. @param {{message: Message}} props */
function Forks({ message: { response_id, branches, branch_count } }) {
  const isOpen = useSignal(false);
  const count = branch_count === 1 ? '1 branch forks here' : `${branch_count} branches fork here`;
  return html`
    <details class="forks" onToggle=${(/** @type {any} */ event) => (isOpen.value = event.currentTarget.open)}>
      <summary><${Icon} name="branch" />${count}</summary>
      ${isOpen.value && html`<${Lazy} key=${response_id + branch_count} load=${forkList} props=${{ branches, count: branch_count }} />`}
    </details>
  `;
}
