// @ts-check
// The chat that is open, and the polls that notice what other tabs and devices have changed in it.

import { ApiError, call } from '../lib/api.js';
import { batch, computed, effect, signal } from '../lib/html.js';
import { notify } from '../lib/notices.js';
import { go, route } from '../lib/router.js';
import { user } from '../lib/session.js';

/** Between two polls of the open chat while the page is visible, in milliseconds. */
const POLL_MS = 5_000;

/**
 * @typedef {object} Chat
 * @property {string} chat_id
 * @property {string} name
 * @property {'personal' | 'group'} chat_type
 * @property {string} created_at
 * @property {string} updated_at
 * @property {boolean} active False for an archived chat.
 * @property {boolean} pinned
 * @property {string[]} tags
 * @property {{model: string | null, instructions: string | null, truncation: string | null}} settings
 * @property {{chat_id: string, response_id: string | null} | null} forked_from
 * @property {string} active_branch_id
 * @property {number} message_count
 * @property {string | null} last_message_at
 * @property {string} changed_at
 */

/** The open chat; null where none is, or it is not read yet. */
export const chat = signal(/** @type {Chat | null} */ (null));
/** The id of the chat that is to be open. */
export const chatId = computed(() => (route.value.name === 'chat' ? (route.value.chat ?? null) : null));
/** The branch whose line is shown: the one that the route names, else the chat's active one; null until that is known. */
export const branchId = computed(() => route.value.branch ?? chat.value?.active_branch_id ?? null);
/** Rises with each change of the open chat's tree that this page has not made itself, and with {@link touch}. Views that show the tree read it. */
export const revision = signal(0);

/** Whether the line that the route names was read, well or not: what lies beside it may be loaded then. */
export const isLineRead = signal(false);

/** The panel that was open before the one that is; what closes a panel that another one has led to goes back to that. @type {import('../vendor/signals.js').Signal<import('../lib/router.js').Route['panel']>} */
export const panelBefore = signal(/** @type {import('../lib/router.js').Route['panel']} */ (undefined));

/** The times of the last messages that this page has heard of, by chat: the server's chats tell of them up to 2 s later. */
export const heardAt = signal(/** @type {Record<string, string>} */ ({}));

/**
 * Takes the time of a message that has just been made.
 * @param {string} chat
 * @param {string} time In RFC 3339.
 */
export function hear(chat, time) {
  heardAt.value = { ...heardAt.peek(), [chat]: time };
}

/** Says that this page has changed the tree: every view of it is to be read again, and the chat, too. */
export function touch() {
  revision.value++;
  void poll();
}

/**
 * Takes a chat as the server has answered it, if it is the open one.
 * @param {Chat} changed
 */
export function take(changed) {
  if (changed.chat_id === chatId.peek()) chat.value = changed;
}

async function poll() {
  const id = chatId.peek();
  if (!id || !user.peek() || document.hidden || !navigator.onLine) return;
  try {
    const found = await call('GET', `chats/get-chat/${id}`);
    if (chatId.peek() !== id) return;
    const known = chat.peek();
    batch(() => {
      chat.value = found;
      if (known?.chat_id === id && known.changed_at !== found.changed_at) revision.value++;
    });
  } catch (error) {
    if (error instanceof ApiError && [404, 422].includes(error.status)) leave(id);
    // Else it is tried again.
  }
}

/** @param {string} id */
function leave(id) {
  if (chatId.peek() !== id) return;
  notify('This chat is not there, or was deleted', { kind: 'error' });
  go({ name: 'chats' }, { replaces: true });
}

/** Begins to poll; called once, at the start. */
export function watch() {
  let panel = route.peek().panel;
  effect(() => {
    const { panel: now } = route.value;
    if (now !== panel) panelBefore.value = panel;
    panel = now;
  });
  effect(() => {
    const id = chatId.value;
    if (chat.peek()?.chat_id !== id) chat.value = null;
    if (id && user.value) void poll();
  });
  setInterval(poll, POLL_MS);
  addEventListener('focus', poll);
  addEventListener('online', poll);
  document.addEventListener('visibilitychange', poll);
}
