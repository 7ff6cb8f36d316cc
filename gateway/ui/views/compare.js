// @ts-check
// The panel that compares two branches: what they begin with together is folded, and what follows is side by side.

import { call, page } from '../lib/api.js';
import { useFocusKept, useFocusReturned } from '../lib/focus.js';
import { html, useEffect, useRef, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { go, hrefOf, route } from '../lib/router.js';
import { titleOf } from '../state/branches.js';
import { panelBefore, revision } from '../state/current.js';
import { BranchPicker } from './branch-picker.js';
import { Pairs } from './compare-messages.js';
import { loadMarkdown } from './markdown.js';

/** @typedef {import('../lib/outline.js').Branch} Branch */
/** @typedef {import('./compare-messages.js').Message} Message */

/** The messages of a page of each side, and the messages that are shown of the common part. */
const PAGE_SIZE = 20;
const COMMON_COUNT = 5;

/**
 * @typedef {object} Side
 * @property {Branch} branch
 * @property {number} ahead How many messages its line has after the common part.
 * @property {Message[]} messages The messages that are read.
 * @property {string | null | undefined} next The cursor of the next page; null after the last.
 *
 * @typedef {object} Comparison
 * @property {{response_id: string, depth: number} | null} common
 * @property {Side} left
 * @property {Side} right
 */

export default function ComparePanel() {
  const { left = '', right = '' } = route.value;
  const found = useSignal(/** @type {Comparison | null} */ (null));
  const problem = useSignal(false);
  const part = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusKept(part);
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusReturned(heading);
  const changes = revision.value;
  useEffect(() => {
    const ending = new AbortController();
    // What was compared before stays until the other is there, and with it the focus.
    void attempt(async () => {
      const known = found.peek();
      const [next] = await Promise.all([compare(left, right, ending.signal), loadMarkdown()]);
      // What was read of longer tails stays while nothing of it has changed.
      if (!ending.signal.aborted && !isSame(known, next)) found.value = await readSides(next, ending.signal);
    }).then((went) => {
      if (ending.signal.aborted) return;
      problem.value = !went && !isOf(found.peek(), left, right);
      if (problem.peek()) found.value = null;
    });
    return () => ending.abort();
  }, [left, right, changes]);

  const tree = hrefOf({ ...route.value, panel: 'tree' });
  const back = panelBefore.value === 'tree' ? tree : hrefOf({ ...route.value, panel: undefined });
  return html`
    <div class="compare" ref=${part}>
      <div class="bar">
        <a class="button icon back" href=${back} aria-label=${back === tree ? 'Back to the tree' : 'Back to the chat'}>←</a>
        <h1 ref=${heading} tabindex="-1">Compare</h1>
        <button type="button" class="quiet" onClick=${() => show(right, left)}>Swap sides</button>
        <a class="button icon" href=${tree}>Tree</a>
        <a class="button icon close" href=${back} aria-label="Close the comparison">×</a>
      </div>
      ${problem.value && html`<p class="empty" role="status">These branches cannot be compared. One of them may be deleted.</p>`}
      ${!found.value && !problem.value && html`<p class="loading" role="status">Comparing the branches</p>`}
      ${found.value && html`<${Found} found=${found} />`}
    </div>
  `;
}

/**
 * @param {string} left
 * @param {string} right
 */
const show = (left, right) => go({ ...route.peek(), panel: 'compare', left, right }, { replaces: true });

/**
 * @param {Comparison | null} known
 * @param {string} left
 * @param {string} right
 */
const isOf = (known, left, right) => known?.left.branch.branch_id === left && known.right.branch.branch_id === right;

/**
 * @param {string} left
 * @param {string} right
 * @param {AbortSignal} signal
 * @returns {Promise<Comparison>}
 */
async function compare(left, right, signal) {
  const [answer, ...branches] = await Promise.all([
    call('GET', 'branches/compare', { query: { left, right }, signal }),
    ...[left, right].map((branch) => call('GET', `branches/get-branch/${branch}`, { signal })),
  ]);
  const [one, other] = branches.map((branch, i) => ({ branch, ahead: [answer.left, answer.right][i].ahead, messages: [], next: undefined }));
  return { common: answer.common, left: one, right: other };
}

/**
 * Whether two comparisons show the same, so that nothing is to be read again.
 * @param {Comparison | null} known
 * @param {Comparison} next
 */
function isSame(known, next) {
  const said = (/** @type {Comparison | null} */ one) => one && JSON.stringify([one.common, ...[one.left, one.right].map(({ branch, ahead }) => [branch.branch_id, branch.name, branch.preview, ahead])]);
  return said(known) === said(next);
}

/**
 * Reads the next page of both sides, as they are looked at in pairs.
 * @param {Comparison} comparison
 * @param {AbortSignal} [signal]
 * @returns {Promise<Comparison>}
 */
async function readSides(comparison, signal) {
  const from = (comparison.common?.depth ?? 0) + 1;
  const read = async (/** @type {Side} */ side) => {
    const isEnd = side.next === null || side.messages.length >= side.ahead;
    if (isEnd) return side;
    const { branch_id } = side.branch;
    const { body, next } = await page('messages/get-messages', { chat_id: branch_id, branch_id, order: 'asc', limit: PAGE_SIZE, from_depth: from, cursor: side.next }, signal);
    return { ...side, messages: [...side.messages, ...body], next };
  };
  const [left, right] = await Promise.all([read(comparison.left), read(comparison.right)]);
  return { ...comparison, left, right };
}

/** @param {{found: {value: Comparison | null}}} props */
function Found({ found }) {
  const comparison = /** @type {Comparison} */ (found.value);
  const { common, left, right } = comparison;
  const isBusy = useSignal(false);
  const rest = Math.max(left.ahead - left.messages.length, right.ahead - right.messages.length);
  const more = async () => {
    isBusy.value = true;
    await attempt(async () => {
      const next = await readSides(comparison);
      if (found.value === comparison) found.value = next;
    });
    isBusy.value = false;
  };
  return html`
    <div class="scroll">
      <div class="compare-sides compare-heads">
        <${Head} name="left" side=${left} other=${right} choose=${(/** @type {string} */ id) => show(id, right.branch.branch_id)} />
        <${Head} name="right" side=${right} other=${left} choose=${(/** @type {string} */ id) => show(left.branch.branch_id, id)} />
      </div>
      <${Common} key=${`${left.branch.branch_id} ${common?.response_id}`} common=${common} branch=${left.branch} />
      ${left.ahead + right.ahead === 0 && html`<p class="empty">Both branches are the same from beginning to end.</p>`}
      <${Pairs} left=${left} right=${right} />
      ${rest > 0 && html`<p class="compare-more"><button type="button" disabled=${isBusy} onClick=${more}>${`Show more (${rest.toLocaleString()})`}</button></p>`}
    </div>
  `;
}

/** @param {{name: 'left' | 'right', side: Side, other: Side, choose: (branch: string) => void}} props */
function Head({ name, side: { branch, ahead }, other, choose }) {
  const isChoosing = useSignal(false);
  return html`
    <div class=${`compare-head compare-${name}`}>
      <h2 class=${branch.name === null ? 'branch-title unnamed' : 'branch-title'} dir="auto">${titleOf(branch)}</h2>
      <p class="muted">${ahead === 0 ? 'No messages of its own' : ahead === 1 ? '1 message of its own' : `${ahead.toLocaleString()} messages of its own`}</p>
      <div class="row">
        <a href=${hrefOf({ name: 'chat', chat: branch.root_chat_id, branch: branch.branch_id })}>Open</a>
        <button type="button" class="quiet" aria-label=${`Change the ${name} branch`} onClick=${() => (isChoosing.value = true)}>Change</button>
      </div>
      ${isChoosing.value && html`<${BranchPicker} title=${`Compare on the ${name}`} except=${[branch.branch_id, other.branch.branch_id]} choose=${choose} close=${() => (isChoosing.value = false)} />`}
    </div>
  `;
}

/** The common part, folded to a sentence. @param {{common: Comparison['common'], branch: Branch}} props */
function Common({ common, branch }) {
  const messages = useSignal(/** @type {Message[] | null} */ (null));
  if (!common) return html`<p class="compare-common">The two branches have no message in common.</p>`;
  const { depth } = common;
  const toggle = () =>
    attempt(async () => {
      if (messages.value) return (messages.value = null);
      const { branch_id } = branch;
      const query = { chat_id: branch_id, branch_id, order: 'desc', limit: COMMON_COUNT, from_depth: depth };
      messages.value = (await page('messages/get-messages', query)).body.reverse();
    });
  const shown = Math.min(depth, COMMON_COUNT);
  return html`
    <div class="compare-common">
      <p>${depth === 1 ? 'Both begin with the same message.' : `Both begin with the same ${depth.toLocaleString()} messages.`}</p>
      <button type="button" class="quiet" aria-expanded=${String(messages.value !== null)} onClick=${toggle}>
        ${messages.value ? (shown === 1 ? 'Hide it' : 'Hide them') : shown === 1 ? 'Show it' : shown < depth ? `Show the last ${shown}` : 'Show them'}
      </button>
    </div>
    ${messages.value && html`<${Pairs} left=${{ branch, messages: messages.value }} right=${null} />`}
  `;
}
