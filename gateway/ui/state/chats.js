// @ts-check
// Changes of chats. Each throws where the server refuses it: callers tell that with `attempt`.

import { ApiError, call, newKey } from '../lib/api.js';
import { effect, signal } from '../lib/html.js';
import { backToField } from '../lib/keys.js';
import { ofPreview } from '../lib/names.js';
import { notify, retract } from '../lib/notices.js';
import { go, route } from '../lib/router.js';
import { restorable } from '../lib/until.js';
import { takeChange, takeRemoval } from './chat-list.js';
import { chat } from './current.js';

export { reloadChats } from './chat-list.js';

/** @typedef {import('./current.js').Chat} Chat */

/** The name of a chat in which nothing was asked yet. */
export const NEW_NAME = 'New chat';
/** The longest name, in characters. */
export const NAME_LENGTH = 200;
const FORK_MARK = ' (fork)';

/** The keys of creations that were not answered: sent again, they create once. @type {Map<string, string>} */
const keys = new Map();

/**
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<Chat>}
 */
async function create(path, body) {
  const request = path + JSON.stringify(body);
  const key = keys.get(request) ?? newKey();
  keys.set(request, key);
  try {
    const made = await call('POST', path, { body, key });
    keys.delete(request);
    return made;
  } catch (error) {
    if (error instanceof ApiError && !error.isTemporary) keys.delete(request);
    throw error;
  }
}

/** @param {Chat} made */
function open(made) {
  takeChange(made);
  go({ name: 'chat', chat: made.chat_id });
  return made;
}

/** Goes to where the first question of a new chat is asked. The chat is made with that, so that no empty one stays behind. */
export function newChat() {
  go({ name: 'new' });
  backToField();
}

/** Makes a chat, and goes to it. @param {string} name */
export const createChat = async (name) => open(await create('chats/create-chat', { name: name || NEW_NAME }));

/**
 * Makes a chat whose line begins with that of another one, up to `response_id` where it is given, and goes to it.
 * @param {{chat_id: string, branch_id?: string, response_id?: string, name?: string}} fields
 */
export async function forkChat(fields) {
  const source = chat.peek();
  const name = source?.chat_id === fields.chat_id ? forkName(source.name) : undefined;
  const made = open(await create('chats/fork-chat', { name, ...fields }));
  notify('Forked to a new chat: what is said here stays here');
  return made;
}

/** A name within a sentence, isolated from its direction of writing. @param {string} name */
export const quoted = (name) => `“\u2068${name}\u2069”`;

/** The name of a fork. @param {string} name */
export const forkName = (name) => `${[...name].slice(0, NAME_LENGTH - FORK_MARK.length).join('')}${FORK_MARK}`;

/**
 * Changes a chat.
 * @param {string} id
 * @param {Partial<Pick<Chat, 'name' | 'active' | 'pinned' | 'tags' | 'settings'>>} fields
 * @returns {Promise<Chat>}
 */
export async function updateChat(id, fields) {
  const changed = await call('PUT', `chats/update-chat/${id}`, { body: fields });
  if (fields.active !== undefined) retract(id);
  takeChange(changed);
  return changed;
}

/** @param {Chat} chat */
export async function archiveChat({ chat_id, name }) {
  await updateChat(chat_id, { active: false });
  notify(`Archived ${quoted(name)}`, { about: [chat_id], action: { label: 'Undo', run: () => updateChat(chat_id, { active: true }) } });
}

/** Rises with each chat that this page has deleted or restored: the list of deleted ones is to be read again. */
export const removals = signal(0);

/**
 * Deletes a chat, and offers to undo that.
 * @param {Chat} chat
 */
export async function deleteChat({ chat_id, name }) {
  const isOpen = route.peek().chat === chat_id;
  const was = route.peek();
  // Left first, as it is not there any more when it is asked for next.
  if (isOpen) go({ name: 'chats' }, { replaces: true });
  try {
    await call('DELETE', `chats/delete-chat/${chat_id}`);
  } catch (error) {
    if (isOpen) go(was, { replaces: true });
    throw error;
  }
  takeRemoval(chat_id);
  removals.value++;
  // Nothing in it can be undone now.
  retract(chat_id);
  const undo = async () => {
    await restoreChat(chat_id);
    if (isOpen) go(was);
  };
  const until = await restorable('chats/deleted-chats', {}, (one) => one.chat_id === chat_id);
  notify(`Deleted ${quoted(name)}${until}`, { about: [chat_id], action: { label: 'Undo', run: undo } });
}

/** @param {string} id */
export async function restoreChat(id) {
  const restored = await call('POST', `chats/restore-chat/${id}`);
  retract(id);
  removals.value++;
  takeChange(restored);
  return restored;
}

/** Names the open chat after its first question, where it has no name of its own yet; returns a function that ends that. */
export function watchNames() {
  /** Chats whose naming was begun. @type {Set<string>} */
  const named = new Set();
  return effect(() => {
    const { chat_id, name, message_count } = chat.value ?? {};
    if (!chat_id || name !== NEW_NAME || !message_count || named.has(chat_id)) return;
    named.add(chat_id);
    nameByQuestion(chat_id).catch(() => named.delete(chat_id));
  });
}

/** @param {string} id */
async function nameByQuestion(id) {
  const [first] = await call('GET', 'messages/get-tree', { query: { chat_id: id, preview: true, limit: 1 } });
  const name = ofPreview(first?.preview ?? '');
  if (name) await updateChat(id, { name });
}
