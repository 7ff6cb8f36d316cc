// @ts-check
// The follower of answers that are under way: each to its end, whichever line is shown, and whatever happens to the connection.

import { ApiError, call } from '../lib/api.js';
import { batch } from '../lib/html.js';
import { notify } from '../lib/notices.js';
import { go } from '../lib/router.js';
import { eventsOf, listen, makeRun, resumed, sleep } from './answer-stream.js';
import { branchId, chatId, hear, touch } from './current.js';
import { adopt } from './line-changes.js';
import { announcement, followed, runs, shownRun } from './runs.js';

/**
 * @typedef {import('./line-window.js').Message} Message
 * @typedef {import('./answer-stream.js').Run} Run
 * @typedef {import('./answer-stream.js').Ending} Ending
 */

/** The pauses before a stream is opened again: they double, and begin anew when something was heard. */
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 30_000;
/** The characters of an answer that screen readers say by themselves. */
const ANNOUNCED_LENGTH = 2_000;
const ANNOUNCED_MS = 5_000;
/** Between two looks at an answer that has ended and is not stored yet. */
const STORED_POLL_MS = 2_000;

/**
 * Follows an answer whose stream has just been opened by a request that asked for it. Resolves once the answer has begun.
 * @param {Response} response
 * @param {{key: string, branch: string, question: string}} asked
 */
export async function begin(response, asked) {
  const events = eventsOf(response);
  const { value: first } = await events.next();
  if (!first) throw new ApiError(0, null);
  const { response_id: id, chat_id: chat, parent_response_id: parent, model } = JSON.parse(first[0].data);
  const known = runs.peek().find((run) => run.id === id);
  if (known) {
    // It was found before, as after a reload that came between the request and its response.
    followed.value = known.key;
    return void events.return();
  }
  void follow(add(makeRun({ ...asked, id, chat, parent, model })), resumed(first, events));
}

/** @param {Run} run */
function add(run) {
  runs.value = [...runs.peek(), run];
  return run;
}

/**
 * Follows answers that were found under way.
 * @param {any[]} found As the server tells them.
 */
export function resume(found) {
  for (const answer of found) {
    if (runs.peek().some((run) => run.id === answer.response_id)) continue;
    const { response_id: id, chat_id: chat, branch_id: branch, parent_response_id: parent, question, model, text } = answer;
    // Without a text yet it is heard from its start, with what the model has thought.
    const run = add(makeRun({ key: id, id, chat, branch, parent, question, model, text, seq: text ? answer.seq : null }));
    if (followed.peek() === null && branch === branchId.peek()) followed.value = id;
    void follow(run, null);
  }
}

/**
 * @param {Run} run
 * @param {AsyncIterable<import('../lib/events.js').ServerEvent[]> | null} opened
 */
async function follow(run, opened) {
  let pause = FIRST_PAUSE_MS;
  for (let events = opened; ; events = null) {
    const before = run.seq;
    try {
      const ending = await listen(run, events);
      if (ending) return await settle(run, ending);
    } catch (error) {
      if (error instanceof ApiError && !error.isTemporary) return lose(run, error);
      if (error instanceof ApiError) pause = Math.max(pause, error.retryAfter * 1000);
    }
    if (run.seq !== before) pause = FIRST_PAUSE_MS;
    else run.state.value = 'broken';
    await sleep(pause);
    pause = Math.min(pause * 2, LAST_PAUSE_MS);
  }
}

/**
 * Puts the message that an answer has become in its place.
 * @param {Run} run
 * @param {Ending} ending
 */
async function settle(run, ending) {
  let { message } = ending;
  run.state.value = 'storing';
  while (!message && ending.error?.code !== 'answer_dropped') {
    await sleep(STORED_POLL_MS);
    try {
      message = (await call('GET', `answers/get-answer/${run.id}`)).message;
    } catch (error) {
      if (error instanceof ApiError && !error.isTemporary) return lose(run, error);
    }
  }
  if (message) finish(run, message);
  else lose(run, null);
}

/**
 * @param {Run} run
 * @param {Message} message
 */
function finish(run, message) {
  const isShown = shownRun.peek() === run;
  batch(() => {
    remove(run);
    hear(run.chat, message.timestamp);
    if (isShown && adopt(message)) announce(message.response);
    else tellOfEnd(run, message);
  });
}

/** @param {string} text */
function announce(text) {
  announcement.value = `Answer: ${text.slice(0, ANNOUNCED_LENGTH)}`;
  // It is there to be said, not to be read a second time.
  setTimeout(() => (announcement.value = ''), ANNOUNCED_MS);
}

/**
 * @param {Run} run
 * @param {Message} message
 */
function tellOfEnd({ chat }, { branch_id: branch, response_id }) {
  if (chat === chatId.peek()) touch();
  const run = () => go({ name: 'chat', chat, branch, message: response_id });
  notify(chat === chatId.peek() ? 'An answer on another branch has ended.' : 'An answer in another chat has ended.', { action: { label: 'Show', run } });
}

/** @param {Run} run */
function remove(run) {
  runs.value = runs.peek().filter((one) => one !== run);
  if (followed.peek() === run.key) followed.value = null;
}

/**
 * Gives an answer up that is not there any more.
 * @param {Run} run
 * @param {ApiError | null} error
 */
async function lose(run, error) {
  // Its stream is gone a day after its end; what it has become is not.
  const answer = error?.status === 404 ? await call('GET', `answers/get-answer/${run.id}`).catch(() => null) : null;
  if (answer?.message) return finish(run, answer.message);
  remove(run);
  if (error?.status !== 401) notify('An answer was dropped, as its chat or its branch was deleted.', { kind: 'error' });
}
