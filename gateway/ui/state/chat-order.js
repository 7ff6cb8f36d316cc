// @ts-check
// Lists of chats by activity, as the server sorts them.

import { heardAt } from './current.js';

/** @typedef {import('./current.js').Chat} Chat */

/** The time of the last activity in a chat, from the server, or as this page has heard since. @param {Chat} chat */
export function activityOf(chat) {
  const told = chat.last_message_at ?? chat.created_at;
  const heard = heardAt.value[chat.chat_id] ?? '';
  return told < heard ? heard : told;
}

/** Whether the server has not told yet what was heard of a chat. @param {Chat} chat */
const isAhead = (chat) => activityOf(chat) !== (chat.last_message_at ?? chat.created_at);

/**
 * Sorts by activity, newest first. Times are of one form, so that their texts sort as they do.
 * @param {Chat} a
 * @param {Chat} b
 */
function byActivity(a, b) {
  const [one, other] = [activityOf(a), activityOf(b)];
  if (one !== other) return one < other ? 1 : -1;
  return a.chat_id < b.chat_id ? 1 : -1;
}

/**
 * A list with chats as they were read now. What was known already stays where it is the newer one, as answers may overtake each other.
 * @param {Chat[]} known
 * @param {Chat[]} fresh
 */
export function merge(known, fresh) {
  const all = new Map(known.map((chat) => [chat.chat_id, chat]));
  for (const chat of fresh) {
    const old = all.get(chat.chat_id);
    if (!old || old.changed_at <= chat.changed_at) all.set(chat.chat_id, chat);
  }
  return [...all.values()].sort(byActivity);
}

/**
 * A list with its first page as it was read now: what would be on that page and is not there has gone.
 * @param {Chat[]} known
 * @param {Chat[]} first
 * @param {boolean} isAll Whether no page follows.
 */
export function mergeFirst(known, first, isAll) {
  const there = new Set(first.map((chat) => chat.chat_id));
  const last = first.at(-1);
  const isBelow = (/** @type {Chat} */ chat) => !isAll && (!last || byActivity(last, chat) < 0);
  return merge(known.filter((chat) => there.has(chat.chat_id) || isBelow(chat) || isAhead(chat)), first);
}

/**
 * @param {Chat[]} chats
 * @param {string} id
 */
export const without = (chats, id) => (chats.some((chat) => chat.chat_id === id) ? chats.filter((chat) => chat.chat_id !== id) : chats);
