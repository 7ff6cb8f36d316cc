// @ts-check
// The requests that read a line. As depths have no gaps, a page is named by the depth at which it begins or ends, and no cursor is to be kept.

import { call, page } from '../lib/api.js';

/** @typedef {import('./line-window.js').Message} Message */

/** The messages of a page. */
export const PAGE_SIZE = 50;

/**
 * The page that ends with the head.
 * @param {string} chat
 * @param {string} branch
 * @param {AbortSignal} [signal]
 */
export async function newest(chat, branch, signal) {
  const { body } = await page('messages/get-messages', { chat_id: chat, branch_id: branch, order: 'desc', limit: PAGE_SIZE }, signal);
  return { messages: /** @type {Message[]} */ (body.reverse()), newer: false };
}

/**
 * The page that ends with a depth, or before it where the line does.
 * @param {string} chat
 * @param {string} branch
 * @param {number} depth
 * @param {AbortSignal} [signal]
 */
export async function ending(chat, branch, depth, signal) {
  const query = { chat_id: chat, branch_id: branch, order: 'desc', limit: PAGE_SIZE, from_depth: depth };
  const { body, previous } = await page('messages/get-messages', query, signal);
  return { messages: /** @type {Message[]} */ (body.reverse()), newer: previous !== null };
}

/**
 * The page that begins with a depth.
 * @param {string} chat
 * @param {string} branch
 * @param {number} depth
 * @param {AbortSignal} signal
 */
export async function beginning(chat, branch, depth, signal) {
  const query = { chat_id: chat, branch_id: branch, order: 'asc', limit: PAGE_SIZE, from_depth: depth };
  const { body, next } = await page('messages/get-messages', query, signal);
  return { messages: /** @type {Message[]} */ (body), newer: next !== null };
}

/**
 * A message as one of the versions of its place, or the version `step` places beside it; undefined where there is none.
 * @param {string} chat
 * @param {string} message
 * @param {number} step
 * @param {AbortSignal} [signal]
 */
export async function versionBeside(chat, message, step, signal) {
  const versions = await versionsOf(chat, message, signal);
  return versions[versions.findIndex((one) => one.response_id === message) + step];
}

/**
 * @typedef {{response_id: string, branch_id: string, question_preview: string, open_branch_id: string}} Version
 */

/**
 * The versions of a message, oldest first.
 * @param {string} chat
 * @param {string} message
 * @param {AbortSignal} [signal]
 */
export async function versionsOf(chat, message, signal) {
  /** @type {Version[]} */
  const versions = [];
  for (let cursor = /** @type {string | null | undefined} */ (undefined); cursor !== null; ) {
    const found = await page('messages/get-versions', { response_id: message, chat_id: chat, limit: 200, cursor }, signal);
    versions.push(...found.body);
    cursor = found.next;
  }
  return versions;
}

/**
 * The messages around one; where it lies on another line than that of the branch, a branch on whose line it does.
 * @param {string} chat
 * @param {string} branch
 * @param {string} message
 * @param {AbortSignal} signal
 * @returns {Promise<{messages: Message[], newer: boolean} | {elsewhere: string}>}
 */
export async function around(chat, branch, message, signal) {
  const { depth } = await call('GET', `messages/get-message/${message}`, { query: { chat_id: chat }, signal });
  const found = await ending(chat, branch, depth + PAGE_SIZE / 2, signal);
  if (found.messages.some((one) => one.response_id === message)) return found;
  const { open_branch_id } = await versionBeside(chat, message, 0, signal);
  return { elsewhere: open_branch_id };
}
