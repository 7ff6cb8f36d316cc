// @ts-check
// The changes of the line that come by themselves: what others have said, and answers that have ended. Loaded after the line.

import { ApiError, call } from '../lib/api.js';
import { effect, untracked } from '../lib/html.js';
import { go, route } from '../lib/router.js';
import { branchId, chatId, revision, touch } from './current.js';
import { seen } from './line-growth.js';
import { aborted, fail, line, retry } from './line.js';
import { ending, newest, PAGE_SIZE } from './line-pages.js';
import { holdsParent, merge, trim, upTo } from './line-window.js';
import { leftBehind } from './runs.js';

/**
 * @typedef {import('./line-window.js').Message} Message
 * @typedef {import('./line.js').Branch} Branch
 */

effect(() => {
  if (revision.value > 0) untracked(() => void reread());
});

/** Reads again what may have changed: the end of the line, and what is seen. */
async function reread() {
  const { id, busy, failed, messages } = line.peek();
  const chat = chatId.peek();
  if (!chat || !id || busy) return;
  if (failed) return retry();
  const signal = aborted();
  try {
    const last = messages.at(-1)?.depth ?? 0;
    const isFar = line.peek().newer || seen.depth <= last - PAGE_SIZE / 2;
    const [end, info, middle] = await Promise.all([
      newest(chat, id, signal),
      call('GET', `branches/get-branch/${id}`, { signal }),
      isFar ? ending(chat, id, seen.depth + PAGE_SIZE / 2, signal) : null,
    ]);
    if (!signal.aborted) take(id, info, [middle?.messages ?? [], end.messages]);
  } catch (error) {
    // The line as it was is better than none; the next change reads it again.
    if (error instanceof ApiError && error.status === 404 && !signal.aborted) fail(error, chat, id);
  }
}

/**
 * @param {string} id
 * @param {Branch} branch
 * @param {Message[][]} pages The last of them ends with the head.
 */
function take(id, branch, pages) {
  const now = line.peek();
  if (now.id !== id) return;
  let { messages, newer } = now;
  const head = pages.at(-1)?.at(-1)?.depth ?? 0;
  for (const found of pages) {
    // An end that does not touch the window is left where it is: what is read must not jump.
    messages = (!newer || found.some(({ depth }) => messages.some((one) => one.depth === depth)) ? merge(messages, found) : null) ?? messages;
  }
  newer = (messages.at(-1)?.depth ?? 0) < head;
  line.value = { ...now, branch, messages: trim(messages, 'newer'), newer };
}

/**
 * Takes a message that has just been made below the shown line: it becomes its end, on whichever branch it lies, without anything being read first.
 * Returns whether it could, as the line is loaded up to its parent.
 * @param {Message} message
 */
export function adopt(message) {
  const now = line.peek();
  if (!holdsParent(now.messages, message.parent_response_id)) return false;
  const kept = upTo(now.messages, message.parent_response_id);
  const [old, ...later] = now.messages.slice(kept.length);
  const isElsewhere = now.id !== null && now.id !== message.branch_id;
  leftBehind.value = isElsewhere && old && (later.length > 0 || now.newer) ? { message: message.response_id, branch: now.id ?? '', old } : null;
  const named = isElsewhere && old?.branch_id === now.id ? versionName(now.branch, old, message.version) : null;
  if (named) void nameBranch(message.branch_id, named);
  const branch = isElsewhere ? begun(message, kept.at(-1)?.branch_id ?? now.chat, named) : now.branch;
  line.value = { ...now, id: message.branch_id, branch, messages: trim([...kept, message], 'newer'), newer: false };
  const { message: _, ...rest } = route.peek();
  if (branchId.peek() !== message.branch_id) go({ ...rest, branch: message.branch_id });
  touch();
  return true;
}

/** Names have 200 characters at most. */
const BASE_LENGTH = 150;

/**
 * The name of a branch with another version, after the named one with the old version. Versions of the first message are counted on ("Figs, version 3"),
 * and those of a later one say which ("Figs, version 2 of message 5"), so that no two are the same.
 * @param {Branch | null} branch
 * @param {Message} old
 * @param {number} version
 */
function versionName(branch, old, version) {
  if (!branch?.name) return null;
  const ending = `, version ${version}`;
  const place = old.depth > branch.fork_depth + 1 ? ` of message ${old.depth}` : '';
  const next = place ? '' : branch.name.replace(RegExp(`, version ${old.version}(?=( of message \\d+)?$)`), ending);
  return next && next !== branch.name ? next : [...branch.name].slice(0, BASE_LENGTH).join('') + ending + place;
}

/**
 * A branch that a message has just begun, as long as the server was not asked for it.
 * @param {Message} message
 * @param {string | null} parent
 * @param {string | null} name
 * @returns {Branch}
 */
const begun = ({ branch_id, response_id, parent_response_id, depth, question }, parent, name) => ({
  branch_id, name, parent_branch_id: parent, forked_from_response_id: parent_response_id, fork_depth: depth - 1,
  first_response_id: response_id, head_response_id: response_id, preview: question, message_count: 1,
});

/**
 * Names the branch of another version, so that what a person has named is not lost from sight.
 * @param {string} branch
 * @param {string} name
 */
async function nameBranch(branch, name) {
  // Where that fails, it is called by how it begins.
  if (await call('PUT', `branches/update-branch/${branch}`, { body: { name } }).catch(() => null)) touch();
}
