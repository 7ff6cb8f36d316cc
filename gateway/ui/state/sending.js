// @ts-check
// The sender of the questions in the outbox. Each follows the message that was seen when it was written; if something else was said there, it becomes a branch.

import { ApiError, send } from '../lib/api.js';
import { effect, signal } from '../lib/html.js';
import { withLock } from '../lib/locks.js';
import { explain } from '../lib/notices.js';
import { user } from '../lib/session.js';
import { sleep } from './answer-stream.js';
import { begin } from './answers.js';
import { ask, outbox, stored, update, withdraw } from './outbox.js';
import { discover } from './runs.js';

/** @typedef {import('./outbox.js').Entry} Entry */

/** The pauses between attempts: they double. */
const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 15_000;
/** The texts of refusals after which there is something to do, by their codes. */
const REFUSALS = {
  answer_running: 'Another answer is being written at the end of this branch. Ask on a branch beside it, or take the question back until that has ended.',
  validation_error: 'The server does not take this question: it is too long, or has characters that cannot be stored. Take it back, and change it.',
  message_not_found: 'The message that this follows is not there any more. Take the question back, and ask it elsewhere.',
  branch_not_found: 'This branch is not there any more. Take the question back, and ask it elsewhere.',
};
/** The lock under which one tab sends. */
const LOCK = 'banyan-outbox';

/** Why the last attempt has failed; empty where it has not. */
export const hindrance = signal('');

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
export async function flush() {
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
  if (user.value) void flush();
});
