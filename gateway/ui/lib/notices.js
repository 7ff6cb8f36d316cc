// @ts-check
// Short notices at the edge of the page, which screen readers say; one may offer to undo what was done.

import { ApiError } from './api.js';
import { signal } from './html.js';

/** How long a notice stays, in milliseconds; one with an action stays longer, as it must be reached first. */
const NOTICE_MS = 6_000;
const ACTION_MS = 30_000;

/**
 * @typedef {object} Notice
 * @property {number} id
 * @property {string} text
 * @property {'info' | 'error'} kind
 * @property {{label: string, run: () => unknown}} [action]
 */

/** The notices that are shown, oldest first. */
export const notices = signal(/** @type {Notice[]} */ ([]));
let lastId = 0;

/**
 * Shows a notice.
 * @param {string} text
 * @param {{kind?: Notice['kind'], action?: Notice['action']}} [options]
 */
export function notify(text, { kind = 'info', action } = {}) {
  const id = ++lastId;
  notices.value = [...notices.peek(), { id, text, kind, action }];
  setTimeout(() => dismiss(id), action ? ACTION_MS : NOTICE_MS);
}

/** @param {number} id */
export function dismiss(id) {
  notices.value = notices.peek().filter((notice) => notice.id !== id);
}

/**
 * What a person is told of an error, and what to do.
 * @param {unknown} error
 */
export function explain(error) {
  if (!(error instanceof ApiError)) return 'Something went wrong in this page. Reload it; nothing that was sent is lost.';
  if (error.status === 0) return 'The server cannot be reached. Check the connection; what you have written is kept.';
  if (error.status === 401) return 'You are signed out. Sign in again; what you have written is kept.';
  if (error.status === 422) return Object.entries(error.fields).map(([field, text]) => `${field}: ${text}`).join('; ') || error.message;
  if (error.status === 429) return `${error.message}. Try again in ${error.retryAfter || 'a few'} seconds.`;
  if (error.status >= 500) return `The server has a problem (${error.message}). Try again in ${error.retryAfter || 'a few'} seconds.`;
  return error.message;
}

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
