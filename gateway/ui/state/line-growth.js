// @ts-check
// The growth of the loaded part of a line: by pages on both sides as one scrolls, by what others have said, and by answers that have ended.

import { ApiError, call } from '../lib/api.js';
import { effect, signal, untracked } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { go, route } from '../lib/router.js';
import { branchId, chatId, revision, touch } from './current.js';
import { aborted, fail, line, retry } from './line.js';
import { beginning, ending, newest, PAGE_SIZE } from './line-pages.js';
import { holdsParent, merge, trim, upTo } from './line-window.js';

/**
 * @typedef {import('./line-window.js').Message} Message
 * @typedef {import('./line.js').Branch} Branch
 */

/** After a page could not be read, the next attempt waits for so long. */
const FAILURE_PAUSE_MS = 5_000;

/** @type {Promise<void> | null} */
let extending = null;

/**
 * Loads the page before or after the window, one at a time.
 * @param {'older' | 'newer'} side
 */
export function extend(side) {
  extending ??= attempt(() => readBeside(side)).then((isDone) => {
    setTimeout(() => (extending = null), isDone ? 0 : FAILURE_PAUSE_MS);
  });
}

/** @param {'older' | 'newer'} side */
async function readBeside(side) {
  const { id, messages, newer } = line.peek();
  const chat = chatId.peek();
  const edge = side === 'older' ? messages[0] : messages.at(-1);
  if (!chat || !id || !edge || (side === 'older' ? edge.depth <= 1 : !newer)) return;
  const signal = aborted();
  const found = side === 'older' ? await ending(chat, id, edge.depth - 1, signal) : await beginning(chat, id, edge.depth + 1, signal);
  const now = line.peek();
  const joined = merge(now.messages, found.messages);
  if (signal.aborted || now.id !== id || !joined) return;
  const kept = trim(joined, side);
  const hasNewer = side === 'newer' ? found.newer : now.newer || kept.length < joined.length;
  line.value = { ...now, messages: kept, newer: hasNewer };
}

/** The depth of the message that is being read, which the view tells, so that what is reread is what is seen. */
export const seen = { depth: 0 };

/** Reads the line again when the tree has changed; returns a function that ends that. */
export const watchGrowth = () =>
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
 * The old version of a message that was edited or regenerated, on the branch that keeps the later questions.
 * @typedef {{message: string, branch: string, old: Message}} LeftBehind `message` is the new version, `old` the one of before.
 */
/** The questions that the last edit or regeneration has left behind; null where it has left none. */
export const leftBehind = signal(/** @type {LeftBehind | null} */ (null));

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
