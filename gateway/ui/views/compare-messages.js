// @ts-check
// The messages of two lines, in pairs that have the same place.

import { html, useSignal } from '../lib/html.js';
import { hrefOf } from '../lib/router.js';
import { fullTime, shortTime } from '../lib/times.js';
import { titleOf } from '../state/branches.js';
import { Markdown } from './markdown.js';

/** Characters of a text that are shown at first: of a megabyte, laying it out would hold up the page. */
const CLIP_LENGTH = 4_000;

/**
 * @typedef {object} Message
 * @property {string} response_id
 * @property {number} depth
 * @property {string} question
 * @property {string} response
 * @property {string} timestamp
 *
 * @typedef {{branch: import('../lib/outline.js').Branch, messages: Message[]}} Side
 */

/** @param {{left: Side, right: Side | null}} props Without a right side, the messages of one take the whole width. */
export function Pairs({ left, right }) {
  const count = Math.max(left.messages.length, right?.messages.length ?? 0);
  return html`
    <ol class="bare-list compare-pairs">
      ${Array.from({ length: count }, (_, i) => html`<${Pair} key=${i} left=${left} right=${right} place=${i} />`)}
    </ol>
  `;
}

/** @param {{left: Side, right: Side | null, place: number}} props */
function Pair({ left, right, place }) {
  const one = left.messages[place];
  const other = right?.messages[place];
  const note = one && other ? noteOf(one, other) : '';
  return html`
    <li>
      ${note && html`<p class="compare-note">${note}</p>`}
      <div class=${right ? 'compare-sides' : ''}>
        ${one ? html`<${OneMessage} side=${right ? 'left' : 'both'} of=${left} message=${one} />` : html`<div></div>`}
        ${other && right && html`<${OneMessage} side="right" of=${right} message=${other} />`}
      </div>
    </li>
  `;
}

/**
 * The relation of two messages of the same place, in words.
 * @param {Message} one
 * @param {Message} other
 */
function noteOf(one, other) {
  if (one.question !== other.question) return one.response === other.response ? 'Another question, the same answer' : '';
  return one.response === other.response ? 'The same question and answer' : 'The same question, another answer';
}

/** @param {{side: 'left' | 'right' | 'both', of: Side, message: Message}} props */
function OneMessage({ side, of: { branch }, message: { response_id, depth, question, response, timestamp } }) {
  const href = hrefOf({ name: 'chat', chat: branch.root_chat_id, branch: branch.branch_id, message: response_id });
  return html`
    <article class=${`compare-message compare-${side}`} aria-label=${`${titleOf(branch)}, message ${depth}`}>
      ${side !== 'both' && html`<p class="compare-of" dir="auto">${titleOf(branch)}</p>`}
      ${question && html`<${Clipped} key=${`q-${response_id}`} text=${question} show=${asQuestion} />`}
      ${response && html`<${Clipped} key=${`r-${response_id}`} text=${response} show=${asMarkdown} />`}
      <a href=${href} title=${fullTime(timestamp)}>Open here, <time datetime=${timestamp}>${shortTime(timestamp)}</time></a>
    </article>
  `;
}

/** Questions are plain text, and responses Markdown, as in the line. @param {string} text */
const asQuestion = (text) => html`<p class="compare-question" dir="auto">${text}</p>`;
/** @param {string} text */
const asMarkdown = (text) => html`<${Markdown} text=${text} />`;

/** The beginning of a text, and all of it when that is asked for. @param {{text: string, show: (text: string) => any}} props */
function Clipped({ text, show }) {
  const isWhole = useSignal(false);
  const isCut = text.length > CLIP_LENGTH && !isWhole.value;
  return html`
    ${show(isCut ? text.slice(0, CLIP_LENGTH) : text)}
    ${isCut && html`<button type="button" class="quiet" onClick=${() => (isWhole.value = true)}>Show all ${text.length.toLocaleString()} characters</button>`}
  `;
}
