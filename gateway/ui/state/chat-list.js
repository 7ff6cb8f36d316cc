// @ts-check
// The list of chats: pinned ones, and the others page by page, by activity. What is done with chats is in `chats.js`.

import { ApiError, page } from '../lib/api.js';
import { batch, computed, effect, signal, untracked } from '../lib/html.js';
import { merge, mergeFirst, without } from './chat-order.js';
import { chat, heardAt, take } from './current.js';

/** @typedef {import('./current.js').Chat} Chat */

/** Between two polls of the list while the page is visible, in milliseconds. */
const POLL_MS = 10_000;
/** Polls are not closer than that, as a window that comes to the front says so in several events. */
const POLL_PAUSE_MS = 1_000;
const PAGE_SIZE = 50;
/** Pinned chats are read whole, up to that many pages: there are few, but a page ends after 2,048 chats that were looked at. */
const PINNED_PAGES = 8;

/** The restrictions of the list. A search for a part of the name (`q`) goes through archived chats, too. */
export const filter = signal({ q: '', tag: '', archived: false });
export const pinned = signal(/** @type {Chat[]} */ ([]));
export const others = signal(/** @type {Chat[]} */ ([]));
/** Whether the lists are those of the filter. */
export const status = signal(/** @type {'reading' | 'ready' | 'failed'} */ ('reading'));
/** Whether there are older chats than those read, and how reading them goes. */
export const more = signal(/** @type {'none' | 'some' | 'reading' | 'failed'} */ ('none'));
/** The tags of the chats that were read. */
export const knownTags = computed(() => [...new Set([...pinned.value, ...others.value].flatMap(({ tags }) => tags))].sort((a, b) => a.localeCompare(b)));

/** The cursor of the next page of the others; undefined where it got lost. @type {string | null | undefined} */
let cursor;
/** Rises with the filter and with what this tab changes: what was asked before is out of date then. */
let changes = 0;
let reloads = 0;
let reloadedAt = 0;

/** @param {Record<string, unknown>} query */
function read(query) {
  const { q, tag, archived } = filter.peek();
  const active = archived ? false : q ? null : true;
  return page('chats/get-chat', { order: 'activity', q: q || null, tag: tag || null, active, ...query });
}

async function readPinned() {
  const found = [];
  let next;
  for (let count = 0; count < PINNED_PAGES && next !== null; count++) {
    const one = await read({ pinned: true, limit: 200, cursor: next });
    found.push(...one.body);
    next = one.next;
  }
  return found;
}

/** Reads the pinned chats and the first page of the others again. What fails is tried again with the next poll. */
export async function reloadChats() {
  const [change, reload] = [changes, ++reloads];
  reloadedAt = Date.now();
  try {
    const [pins, first] = await Promise.all([readPinned(), read({ pinned: false, limit: PAGE_SIZE })]);
    if (change === changes && reload === reloads) batch(() => show(pins, first));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (reload === reloads && status.peek() !== 'ready') status.value = 'failed';
  }
}

/**
 * @param {Chat[]} pins
 * @param {import('../lib/api.js').Page} first
 */
function show(pins, first) {
  const isNew = status.peek() !== 'ready';
  pinned.value = pins;
  others.value = isNew ? first.body : mergeFirst(others.peek(), first.body, first.next === null);
  if (isNew || cursor === undefined || first.next === null) cursor = first.next;
  if (more.peek() !== 'reading') more.value = cursor === null ? 'none' : 'some';
  status.value = 'ready';
}

/** Reads the next page of older chats. */
export async function readMore() {
  if (status.peek() !== 'ready' || more.peek() === 'reading' || !cursor) return;
  const change = changes;
  more.value = 'reading';
  try {
    const found = await read({ pinned: false, limit: PAGE_SIZE, cursor });
    if (change === changes) {
      cursor = found.next;
      others.value = merge(others.peek(), found.body);
    }
    more.value = cursor === null ? 'none' : 'some';
  } catch (error) {
    more.value = 'failed';
    // The chat at which the page before ended was deleted: from the first page on again.
    if (error instanceof ApiError && error.status === 404) cursor = undefined;
    if (cursor === undefined) void reloadChats();
  }
}

/**
 * Restricts the list. Resolves when it was read.
 * @param {Partial<typeof filter.value>} changed
 */
export function restrict(changed) {
  changes++;
  filter.value = { ...filter.peek(), ...changed };
  status.value = 'reading';
  return reloadChats();
}

/** @param {Chat} one */
function isInFilter({ name, tags, active }) {
  const { q, tag, archived } = filter.peek();
  if (tag && !tags.includes(tag)) return false;
  return q ? name.toLowerCase().includes(q.toLowerCase()) && (active || !archived) : active !== archived;
}

/**
 * Takes a chat that this tab has made or changed into the list, and as the open one where it is that.
 * @param {Chat} changed
 */
export function takeChange(changed) {
  changes++;
  batch(() => {
    for (const [list, isPinned] of /** @type {const} */ ([[pinned, true], [others, false]])) {
      const isHere = changed.pinned === isPinned && isInFilter(changed);
      list.value = isHere ? merge(list.peek(), [changed]) : without(list.peek(), changed.chat_id);
    }
    take(changed);
  });
  void reloadChats();
}

/** Takes a chat that this tab has deleted out of the list. @param {string} id */
export function takeRemoval(id) {
  changes++;
  batch(() => {
    pinned.value = without(pinned.peek(), id);
    others.value = without(others.peek(), id);
  });
  void reloadChats();
}

/** The open chat is read more often than the list, which shows it as it is now. @param {Chat} open */
function freshen(open) {
  for (const list of [pinned, others]) {
    const known = list.peek().find((one) => one.chat_id === open.chat_id);
    if (known && known.changed_at < open.changed_at && known.pinned === open.pinned) list.value = merge(list.peek(), [open]);
  }
}

/** Begins to read the list, and to poll it; returns a function that ends that. */
export function watchChats() {
  [pinned.value, others.value] = [[], []];
  void restrict({ q: '', tag: '', archived: false });
  const stopFreshening = effect(() => {
    const open = chat.value;
    if (open) untracked(() => freshen(open));
  });
  const stopSorting = effect(() => {
    void heardAt.value;
    untracked(() => {
      for (const list of [pinned, others]) list.value = merge(list.peek(), []);
    });
  });
  const poll = () => {
    if (!document.hidden && Date.now() - reloadedAt > POLL_PAUSE_MS) void reloadChats();
  };
  const timer = setInterval(poll, POLL_MS);
  const listening = new AbortController();
  for (const type of ['focus', 'online']) addEventListener(type, poll, { signal: listening.signal });
  document.addEventListener('visibilitychange', poll, { signal: listening.signal });
  return () => {
    stopFreshening();
    stopSorting();
    clearInterval(timer);
    listening.abort();
  };
}
