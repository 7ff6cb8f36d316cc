// @ts-check
// Short notices at the edge of the page, which screen readers say; one may offer to undo what was done.

import { ApiError } from './api.js';
import { effect, signal } from './html.js';
import { user } from './session.js';

/** The time that a notice stays, in milliseconds: longer with an action, which must be reached first. */
const NOTICE_MS = 6_000;
const ACTION_MS = 30_000;

/**
 * @typedef {object} Notice
 * @property {number} id
 * @property {string} text
 * @property {'info' | 'error'} kind
 * @property {{label: string, run: () => unknown}} [action]
 * @property {string[]} about The ids of what it tells of: the first is what has changed, the others what that belongs to.
 */

/** The notices that are shown, oldest first. */
export const notices = signal(/** @type {Notice[]} */ ([]));
let lastId = 0;

/**
 * Shows a notice, in place of one that tells of the same.
 * @param {string} text
 * @param {{kind?: Notice['kind'], action?: Notice['action'], about?: string[]}} [options]
 */
export function notify(text, { kind = 'info', action, about = [] } = {}) {
  const id = ++lastId;
  const others = notices.peek().filter((notice) => !about.length || notice.about[0] !== about[0]);
  notices.value = [...others, { id, text, kind, action, about }];
  setTimeout(() => dismiss(id), action ? ACTION_MS : NOTICE_MS);
}

/** @param {number} id */
export function dismiss(id) {
  notices.value = notices.peek().filter((notice) => notice.id !== id);
}

/**
 * Takes away what tells of something that is no longer so, as what it offers to do cannot be done any more.
 * @param {string} id
 */
export function retract(id) {
  notices.value = notices.peek().filter(({ about }) => !about.includes(id));
}

// They tell of what is no business of the next who signs in.
effect(() => {
  if (user.value === null) notices.value = [];
});

/**
 * The text for an error: what has happened, and what to do.
 * @param {unknown} error
 */
export function explain(error) {
  if (!(error instanceof ApiError)) return 'Something went wrong in this page. Reload it; nothing that was sent is lost.';
  if (error.status === 0) return 'The server cannot be reached. Check the connection; what you have written is kept.';
  if (error.status === 401) return 'You are signed out. Sign in again; what you have written is kept.';
  if (error.status === 422) return Object.entries(error.fields).map(([field, text]) => `${field}: ${text}`).join('; ') || error.message;
  if (error.status === 429) return `${error.message}. Try again in ${waitOf(error)}.`;
  if (error.status >= 500) return `The server has a problem (${error.message}). Try again in ${waitOf(error)}.`;
  return error.message;
}

/** @param {ApiError} error */
const waitOf = ({ retryAfter }) => (retryAfter === 1 ? 'a second' : `${retryAfter || 'a few'} seconds`);

/**
 * Runs something that a person has asked for, and tells what goes wrong. Returns whether it went well.
 * @param {() => unknown} work
 */
export async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return false;
    if (error instanceof ApiError && error.code === 'session_ended') return false;
    if (!(error instanceof ApiError)) console.error(error);
    notify(explain(error), { kind: 'error' });
    return false;
  }
}
