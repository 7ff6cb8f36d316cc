// @ts-check
// The branches of the open chat, read in pages while a view watches them.

import { call, page } from '../lib/api.js';
import { effect, signal, untracked } from '../lib/html.js';
import { retract } from '../lib/notices.js';
import { user } from '../lib/session.js';
import { yieldToMain } from '../lib/tasks.js';
import { chatId, revision, touch } from './current.js';

export { FIRST_BRANCH, titleOf } from '../lib/names.js';

/** @typedef {import('../lib/outline.js').Branch} Branch */

/** Branches per page: as many as the server gives, and a few milliseconds of parsing. */
const PAGE_SIZE = 1_000;
/** After a page could not be read, in milliseconds. */
const RETRY_MS = 5_000;
/** Between two readings, as a multiple of what the first of them took: a large chat in which much happens is not read all the time. */
const REST_FACTOR = 3;

/**
 * @typedef {object} Tree
 * @property {string | null} chat Whose branches they are.
 * @property {Map<string, Branch>} branches By id, parents first.
 * @property {boolean} isWhole False while the first reading goes on.
 * @property {boolean} isFailed Whether the last reading failed; it is tried again.
 */

/** @type {Tree} */
const NOTHING = { chat: null, branches: new Map(), isWhole: false, isFailed: false };

/** The branches of the open chat, as far as they are read. */
export const tree = signal(NOTHING);

/**
 * A filter of branches by words that name, preview or tags hold, without regard to case; null for none.
 * @param {string} words
 */
export function filterOf(words) {
  const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (!parts.length) return null;
  return (/** @type {Branch} */ branch) => {
    const text = textOf(branch);
    return parts.every((part) => text.includes(part));
  };
}

/** The texts of branches for filters, kept as each key filters all of them again. @type {WeakMap<Branch, string>} */
const texts = new WeakMap();

/** @param {Branch} branch */
function textOf(branch) {
  let text = texts.get(branch);
  if (text === undefined) {
    text = `${branch.name ?? ''}\n${branch.preview ?? ''}\n${branch.tags.join('\n')}`.toLowerCase();
    texts.set(branch, text);
  }
  return text;
}

/**
 * Finds the branches that grow on one, at any level.
 * @param {string} branch
 */
export function descendantsOf(branch) {
  const below = new Set([branch]);
  for (const { branch_id, parent_branch_id } of tree.peek().branches.values()) {
    if (parent_branch_id && below.has(parent_branch_id)) below.add(branch_id);
  }
  below.delete(branch);
  return below;
}

/**
 * Finds what a branch grows on, up to the trunk.
 * @param {string} branch
 */
export function ancestorsOf(branch) {
  const { branches } = tree.peek();
  const above = [];
  for (let id = branches.get(branch)?.parent_branch_id; id; id = branches.get(id)?.parent_branch_id) above.push(id);
  return above;
}

/**
 * Takes a branch as the server has answered it, so that it is seen before all is read again.
 * @param {Branch} branch
 */
export function takeBranch(branch) {
  const known = tree.peek();
  if (branch.root_chat_id !== known.chat) return;
  known.branches.set(branch.branch_id, branch);
  tree.value = { ...known };
}

/**
 * Drops branches that were deleted.
 * @param {Iterable<string>} gone
 */
export function dropBranches(gone) {
  const known = tree.peek();
  for (const branch of gone) known.branches.delete(branch);
  tree.value = { ...known };
}

/**
 * Changes a branch's name, tags or archiving.
 * @param {string} branch
 * @param {{name?: string | null, tags?: string[], archived?: boolean}} changes
 */
export async function updateBranch(branch, changes) {
  takeBranch(await call('PUT', `branches/update-branch/${branch}`, { body: changes }));
  if (changes.archived !== undefined) retract(branch);
  touch();
}

/** @type {{id: string, isStale: boolean, ending: AbortController} | null} */
let reading = null;
let watchers = 0;
/** @type {(() => void) | null} */
let unwatch = null;

/** Reads the branches for as long as they are watched, and again whenever the tree has changed. Returns what ends it. */
export function watchTree() {
  watchers++;
  unwatch ??= effect(() => {
    const id = chatId.value;
    void revision.value;
    if (id && user.value) untracked(() => void follow(id));
  });
  return () => {
    if (--watchers) return;
    unwatch?.();
    unwatch = null;
    reading?.ending.abort();
    reading = null;
  };
}

/** @param {string} id */
async function follow(id) {
  if (reading?.id === id) {
    reading.isStale = true;
    return;
  }
  reading?.ending.abort();
  const mine = { id, isStale: true, ending: new AbortController() };
  const { signal } = mine.ending;
  reading = mine;
  if (tree.peek().chat !== id) tree.value = { ...NOTHING, chat: id, branches: new Map() };
  while (mine.isStale && !signal.aborted) {
    mine.isStale = false;
    const begun = performance.now();
    const went = await read(id, signal);
    if (!went) mine.isStale = true;
    await wait(went ? (performance.now() - begun) * REST_FACTOR : RETRY_MS);
  }
  if (reading === mine) reading = null;
}

/**
 * Reads all branches. The first time they are shown as they come; later they replace what was there when they are whole.
 * @param {string} chat
 * @param {AbortSignal} signal
 */
async function read(chat, signal) {
  /** @type {Map<string, Branch>} */
  const branches = new Map();
  const isFirst = !tree.peek().isWhole;
  try {
    for (let cursor = /** @type {string | null | undefined} */ (undefined); cursor !== null; ) {
      const { body, next } = await page('branches/get-branches', { chat_id: chat, limit: PAGE_SIZE, cursor }, signal);
      for (const branch of body.branches) branches.set(branch.branch_id, branch);
      await yieldToMain();
      if (signal.aborted) return false;
      if (isFirst || !next) tree.value = { chat, branches, isWhole: !next, isFailed: false };
      cursor = next;
    }
    return true;
  } catch {
    if (!signal.aborted) tree.value = { ...tree.peek(), isFailed: true };
    return false;
  }
}

/** @param {number} ms */
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
