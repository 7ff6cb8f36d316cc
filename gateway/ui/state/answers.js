// @ts-check
// The answers that are under way. Each is followed to its end, whichever line is shown, and whatever happens to the connection.

import { ApiError, call } from '../lib/api.js';
import { batch, computed, signal } from '../lib/html.js';
import { attempt, notify } from '../lib/notices.js';
import { go } from '../lib/router.js';
import { eventsOf, listen, makeRun, resumed, sleep } from './answer-stream.js';
import { branchId, chatId, hear, touch } from './current.js';
import { adopt } from './line-growth.js';
import { line } from './line.js';
import { holdsParent } from './line-window.js';

/**
 * @typedef {import('./line-window.js').Message} Message
 * @typedef {import('./answer-stream.js').Run} Run
 * @typedef {import('./answer-stream.js').Ending} Ending
 */

/** The pauses before a stream is opened again: they double, and begin anew when something was heard. */
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 30_000;
/** So many characters of an answer are said by screen readers by themselves. */
const ANNOUNCED_LENGTH = 2_000;
const ANNOUNCED_MS = 5_000;
/** Between two looks at an answer that has ended and is not stored yet. */
const STORED_POLL_MS = 2_000;

export const runs = signal(/** @type {Run[]} */ ([]));
/** The key of the question that one waits for, on the line that it was asked on. @type {import('../vendor/signals.js').Signal<string | null>} */
export const followed = signal(/** @type {string | null} */ (null));
/** What was just answered, for screen readers. */
export const announcement = signal('');

/** The answer that is shown at the end of the line: the one that one waits for, else the one that others have begun there. */
export const shownRun = computed(() => {
  const here = runs.value.filter((run) => run.chat === chatId.value && run.branch === branchId.value);
  const head = line.value.newer ? undefined : (line.value.messages.at(-1)?.response_id ?? null);
  return here.find((run) => run.key === followed.value && holdsParent(line.value.messages, run.parent)) ?? here.find((run) => run.parent === head) ?? null;
});

/** The other answers that are under way in the open chat. */
export const otherRuns = computed(() => runs.value.filter((run) => run.chat === chatId.value && run !== shownRun.value));

/**
 * Shows an answer that is under way where it was asked.
 * @param {Run} run
 */
export function showRun({ key, chat, branch, parent }) {
  followed.value = key;
  go({ name: 'chat', chat, branch, message: parent ?? undefined });
}

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
 * Finds the answers of a chat that are under way, as after a reload, and follows them.
 * @param {string} chat
 */
export async function discover(chat) {
  const found = await call('GET', 'answers/get-answers', { query: { chat_id: chat } }).catch(() => []);
  for (const answer of found) {
    if (runs.peek().some((run) => run.id === answer.response_id)) continue;
    const { response_id: id, branch_id: branch, parent_response_id: parent, question, model, text } = answer;
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

/**
 * Stops an answer; what it has said becomes a message.
 * @param {Run} run
 */
export async function stop(run) {
  run.state.value = 'stopping';
  const isDone = await attempt(() => call('POST', `answers/stop-answer/${run.id}`));
  if (!isDone) run.state.value = 'running';
}

