// @ts-check
// Questions on their way to the server. Each is stored before it is sent, with its idempotency key, so that it is asked once, whatever happens in between:
// a reload, a lost connection, a second tab. It follows the message that was seen when it was written; if something else was said there, it becomes a branch.

import { ApiError, newKey, send } from '../lib/api.js';
import { computed, effect, signal } from '../lib/html.js';
import { withLock } from '../lib/locks.js';
import { explain } from '../lib/notices.js';
import { user } from '../lib/session.js';
import { sleep } from './answer-stream.js';
import { begin, discover, followed } from './answers.js';
import { branchId, chatId } from './current.js';

/** The pauses between attempts: they double. */
const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 15_000;
/** What is told of refusals that have something to do, by their codes. */
const REFUSALS = {
  answer_running: 'Another answer is being written at the end of this branch. Ask on a branch beside it, or take the question back until that has ended.',
  validation_error: 'The server does not take this question: it is too long, or has characters that cannot be stored. Take it back, and change it.',
  message_not_found: 'The message that this follows is not there any more. Take the question back, and ask it elsewhere.',
  branch_not_found: 'This branch is not there any more. Take the question back, and ask it elsewhere.',
};
/** The lock under which one tab sends. */
const LOCK = 'banyan-outbox';

/**
 * @typedef {object} Entry
 * @property {string} key The idempotency key.
 * @property {string} chat
 * @property {string} branch
 * @property {string | null} parent The message that the question follows.
 * @property {string} question
 * @property {string} [model]
 * @property {boolean} [beside] Whether it may be asked beside an answer that is under way.
 * @property {string} [refusal] Why the server does not take it.
 * @property {string} [code] The code of the refusal.
 */

/** All questions of this user that are not taken yet, oldest first. */
export const outbox = signal(/** @type {Entry[]} */ ([]));
/** Why the last attempt has failed; empty where it has not. */
export const hindrance = signal('');

/** Those of the line that is shown. */
export const unsent = computed(() => outbox.value.filter(({ chat, branch }) => chat === chatId.value && branch === branchId.value));

const storageKey = () => `banyan-outbox:${user.peek()?.user_id}`;

/** What did not fit into the storage: it lasts as long as the page. @type {Entry[] | null} */
let unstored = null;

/** @returns {Entry[]} */
const stored = () => unstored ?? JSON.parse(localStorage.getItem(storageKey()) ?? '[]');

/** @param {(entries: Entry[]) => Entry[]} change */
function update(change) {
  const entries = change(stored());
  outbox.value = entries;
  try {
    if (entries.length > 0) localStorage.setItem(storageKey(), JSON.stringify(entries));
    else localStorage.removeItem(storageKey());
    unstored = null;
  } catch {
    unstored = entries;
  }
}

/**
 * Asks a question.
 * @param {Omit<Entry, 'key' | 'refusal' | 'code'>} asked
 */
export function ask(asked) {
  const entry = { ...asked, key: newKey() };
  followed.value = entry.key;
  update((entries) => [...entries, entry]);
  void flush();
}

/**
 * Takes a question back, and returns it.
 * @param {Entry} entry
 */
export function withdraw({ key, question }) {
  update((entries) => entries.filter((one) => one.key !== key));
  return question;
}

/**
 * Sends a question again that was refused, as another request.
 * @param {Entry} entry
 * @param {{beside?: boolean}} [options]
 */
export function resend(entry, { beside = entry.beside } = {}) {
  withdraw(entry);
  const { refusal: _, code: __, ...asked } = entry;
  ask({ ...asked, beside });
}

let isFlushing = false;

/** Sends what waits, until nothing does. */
async function flush() {
  if (isFlushing) return;
  isFlushing = true;
  let pause = FIRST_PAUSE_MS;
  while (user.peek() && outbox.peek().some((entry) => !entry.refusal)) {
    const wait = await withLock(LOCK, sendNext);
    if (wait === 0) pause = FIRST_PAUSE_MS;
    else {
      await sleep(Math.max(pause, wait));
      pause = Math.min(pause * 2, LAST_PAUSE_MS);
    }
  }
  isFlushing = false;
}

/** Sends the oldest question; returns how long to wait at least before the next attempt, in milliseconds, 0 where it went well. */
async function sendNext() {
  // Another tab may have sent it.
  outbox.value = stored();
  const entry = outbox.peek().find(({ refusal }) => !refusal);
  if (!entry) return 0;
  try {
    if (!navigator.onLine) throw new ApiError(0, null);
    await deliver(entry);
    withdraw(entry);
    hindrance.value = '';
  } catch (error) {
    const isTemporary = !(error instanceof ApiError) || error.isTemporary || error.status === 401;
    if (isTemporary) {
      hindrance.value = explain(error);
      return Math.max(1, error instanceof ApiError ? error.retryAfter * 1000 : 0);
    }
    hindrance.value = '';
    refuse(entry, error);
  }
  return 0;
}

/** @param {Entry} entry */
async function deliver({ key, chat, branch, parent, question, model, beside }) {
  const body = { chat_id: chat, branch_id: branch, parent_response_id: parent, question, model, on_running: beside ? 'fork' : 'reject' };
  const response = await send('POST', 'answers/create-answer', { body, key, headers: { Accept: 'text/event-stream' } });
  await begin(response, { key, branch, question });
}

/**
 * @param {Entry} entry
 * @param {ApiError} error
 */
function refuse({ key, chat }, error) {
  if (error.code === 'answer_running') void discover(chat);
  const refusal = REFUSALS[/** @type {keyof typeof REFUSALS} */ (error.code)] ?? explain(error);
  update((entries) => entries.map((entry) => (entry.key === key ? { ...entry, refusal, code: error.code } : entry)));
}

effect(() => {
  outbox.value = user.value ? stored() : [];
  if (user.value) void flush();
});
addEventListener('storage', ({ key }) => {
  if (key === storageKey()) outbox.value = stored();
});
