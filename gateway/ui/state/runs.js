// @ts-check
// The answers that are under way, as views show them. The module that follows them is loaded after the line, or with the first of them.

import { call } from '../lib/api.js';
import { computed, signal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { withViews } from '../lib/preload.js';
import { branchId, chatId } from './current.js';
import { line } from './line.js';
import { holdsParent } from './line-window.js';

/**
 * @typedef {import('./answer-stream.js').Run} Run
 * @typedef {import('./line-window.js').Message} Message
 */

export const runs = signal(/** @type {Run[]} */ ([]));
/** The key of the question that one waits for, on the line that it was asked on. @type {import('../vendor/signals.js').Signal<string | null>} */
export const followed = signal(/** @type {string | null} */ (null));
/** The answer that has just ended, for screen readers. */
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
 * The old version of a message that was edited or regenerated, on the branch that keeps the later questions.
 * @typedef {{message: string, branch: string, old: Message}} LeftBehind `message` is the new version, `old` the one of before.
 */
/** The questions that the last edit or regeneration has left behind; null where it has left none. */
export const leftBehind = signal(/** @type {LeftBehind | null} */ (null));

/**
 * Finds the answers of a chat that are under way, as after a reload, and has them followed.
 * @param {string} chat
 */
export async function discover(chat) {
  try {
    const found = await call('GET', 'answers/get-answers', { query: { chat_id: chat } });
    if (found.length > 0) (await answering()).resume(found);
  } catch {
    // The next look finds them.
  }
}

/** The module that follows answers. */
export const answering = () => withViews(import('./answers.js'), 'answers');

/**
 * Stops an answer; what it has said becomes a message.
 * @param {Run} run
 */
export async function stop(run) {
  run.state.value = 'stopping';
  const isDone = await attempt(() => call('POST', `answers/stop-answer/${run.id}`));
  if (!isDone) run.state.value = 'running';
}
