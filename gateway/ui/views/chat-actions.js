// @ts-check
// Actions on a chat: the choices of its menu, in the list and above its line.

import { html } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { go, route } from '../lib/router.js';
import { archiveChat, deleteChat, forkChat, forkName, updateChat } from '../state/chats.js';
import { Lazy } from './lazy.js';

const tagsDialog = () => import('./tags.js').then(({ TagsDialog }) => TagsDialog);

/** @typedef {import('../state/current.js').Chat} Chat */

/**
 * The choices for a chat, to be put into a menu.
 * @param {{chat: Chat, rename: () => void, tag: () => void, act?: (work: () => unknown) => unknown, children?: any}} props `act` runs what may move or remove the chat's row.
 */
export function ChatActions({ chat, rename, tag, act = attempt, children }) {
  const { chat_id, name, pinned, active } = chat;
  const settings = () => go({ ...(route.peek().chat === chat_id ? route.peek() : { name: 'chat', chat: chat_id }), panel: 'settings' });
  return html`
    <button type="button" onClick=${rename}>Rename</button>
    <button type="button" onClick=${() => act(() => updateChat(chat_id, { pinned: !pinned }))}>${pinned ? 'Unpin' : 'Pin'}</button>
    <button type="button" onClick=${tag}>Tags...</button>
    <button type="button" onClick=${settings}>Settings...</button>
    ${children}
    <button type="button" onClick=${() => attempt(() => forkChat({ chat_id, name: forkName(name) }))}>Fork to a new chat</button>
    <button type="button" onClick=${() => act(() => (active ? archiveChat(chat) : updateChat(chat_id, { active: true })))}>${active ? 'Archive' : 'Unarchive'}</button>
    <button type="button" class="danger" onClick=${() => act(() => deleteChat(chat))}>Delete</button>
  `;
}

/** The dialog for the tags of a chat. @param {{chat: Chat, close: () => void}} props */
export function ChatTags({ chat, close }) {
  const save = (/** @type {string[]} */ tags) => updateChat(chat.chat_id, { tags });
  return html`<${Lazy} load=${tagsDialog} props=${{ of: chat.name, tags: chat.tags, save, close }} />`;
}
