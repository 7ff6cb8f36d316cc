// @ts-check
// Questions on their way to the server. Each is stored before it is sent, with its idempotency key, so that it is asked once, whatever happens in between:
// a reload, a lost connection, a second tab. The sender is loaded after the line.

import { newKey } from '../lib/api.js';
import { computed, effect, signal } from '../lib/html.js';
import { untilLoaded, withViews } from '../lib/preload.js';
import { user } from '../lib/session.js';
import { branchId, chatId } from './current.js';
import { followed } from './runs.js';

/**
 * @typedef {object} Entry
 * @property {string} key The idempotency key.
 * @property {string} chat
 * @property {string} branch
 * @property {string | null} parent The message that the question follows.
 * @property {string} question
 * @property {string} [model]
 * @property {boolean} [beside] Whether it may be asked beside an answer that is under way.
 * @property {string} [refusal] Why the server does not take it.
 * @property {string} [code] The code of the refusal.
 */

/** All questions of this user that are not taken yet, oldest first. */
export const outbox = signal(/** @type {Entry[]} */ ([]));

/** The questions of the line that is shown. */
export const unsent = computed(() => outbox.value.filter(({ chat, branch }) => chat === chatId.value && branch === branchId.value));

const storageKey = () => `banyan-outbox:${user.peek()?.user_id}`;

/** The questions that did not fit into the storage: they last as long as the page. @type {Entry[] | null} */
let unstored = null;

/** The questions as all tabs know them. @returns {Entry[]} */
export const stored = () => unstored ?? JSON.parse(localStorage.getItem(storageKey()) ?? '[]');

/** @param {(entries: Entry[]) => Entry[]} change */
export function update(change) {
  const entries = change(stored());
  outbox.value = entries;
  try {
    if (entries.length > 0) localStorage.setItem(storageKey(), JSON.stringify(entries));
    else localStorage.removeItem(storageKey());
    unstored = null;
  } catch {
    unstored = entries;
  }
}

/**
 * Asks a question.
 * @param {Omit<Entry, 'key' | 'refusal' | 'code'>} asked
 */
export function ask(asked) {
  const entry = { ...asked, key: newKey() };
  followed.value = entry.key;
  update((entries) => [...entries, entry]);
  void sendWaiting();
}

/**
 * Takes a question back, and returns it.
 * @param {Entry} entry
 */
export function withdraw({ key, question }) {
  update((entries) => entries.filter((one) => one.key !== key));
  return question;
}

/** Loads the sender, which sends what waits. */
export async function sendWaiting() {
  const { flush } = await untilLoaded(() => withViews(import('./sending.js'), 'answers'));
  void flush();
}

effect(() => {
  outbox.value = user.value ? stored() : [];
});
addEventListener('storage', ({ key }) => {
  if (key === storageKey()) outbox.value = stored();
});
