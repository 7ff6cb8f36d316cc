// @ts-check
// A row of the list of chats: a link, and a menu of what can be done with the chat.

import { classes, html, signal, useLayoutEffect, useRef } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { hrefOf } from '../lib/router.js';
import { fullTime, shortTime } from '../lib/times.js';
import { activityOf } from '../state/chat-order.js';
import { NAME_LENGTH, updateChat } from '../state/chats.js';
import { chatId } from '../state/current.js';
import { ChatActions, ChatTags } from './chat-actions.js';
import { Menu } from './menu.js';

/** @typedef {import('../state/current.js').Chat} Chat */

/** The id of the chat that is being renamed, and the chat whose tags are changed. They outlive the row, which may move out of sight. */
const renamed = signal('');
const tagged = signal(/** @type {Chat | null} */ (null));
/** The most tags that a row has room for. */
const TAGS_SHOWN = 2;
/** Tags of more characters are cut where there is no room. */
const SHORT_TAG_LENGTH = 8;

/**
 * @param {{chat: Chat, top: number, place: number, count: number}} props `count` is the size of the section, -1 where that is not known.
 */
export function ChatRow({ chat, top, place, count }) {
  const isRenamed = renamed.value === chat.chat_id;
  return html`
    <li class="chat-row" data-row=${chat.chat_id} style=${{ top: `${top}px` }} aria-posinset=${place} aria-setsize=${count}>
      ${isRenamed ? html`<${Rename} chat=${chat} />` : html`<${Row} chat=${chat} />`}
      <${RowMenu} chat=${chat} />
    </li>
  `;
}

/** @param {{chat: Chat}} props */
function Row({ chat }) {
  const { chat_id, name, tags, active } = chat;
  const time = activityOf(chat);
  return html`
    <a data-chat=${chat_id} href=${hrefOf({ name: 'chat', chat: chat_id })} aria-current=${chatId.value === chat_id ? 'page' : undefined}>
      <span class="name" dir="auto" title=${name}>${name}</span>
      <span class="meta">
        <time datetime=${time} title=${fullTime(time)}>${shortTime(time)}</time>
        ${!active && html`<span class="tag">Archived</span>`}
        ${tags.slice(0, TAGS_SHOWN).map((tag) => html`<span key=${tag} class=${classes({ tag: true, long: tag.length > SHORT_TAG_LENGTH })} dir="auto">${tag}</span>`)}
        ${tags.length > TAGS_SHOWN && html`<span class="tag" title=${tags.join(', ')}>+${tags.length - TAGS_SHOWN}</span>`}
      </span>
    </a>
  `;
}

/** The dialog for the tags of a chat, while it is asked for. */
export const Tagging = () => tagged.value && html`<${ChatTags} chat=${tagged.value} close=${() => (tagged.value = null)} />`;

/** @param {{chat: Chat}} props */
function RowMenu({ chat }) {
  const { chat_id, name } = chat;
  const act = (/** @type {() => unknown} */ work) => void keepFocus(chat_id, () => attempt(work));
  return html`<${Menu} label="Actions for ${name}"><${ChatActions} chat=${chat} rename=${() => (renamed.value = chat_id)} tag=${() => (tagged.value = chat)} act=${act} /><//>`;
}

/** A name that is being written. Enter and leaving the field save it, Escape does not. @param {{chat: Chat}} props */
function Rename({ chat: { chat_id, name } }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => input.current?.select(), []);
  const end = (/** @type {string} */ text) => {
    if (renamed.peek() !== chat_id) return;
    const hadFocus = document.activeElement === input.current;
    renamed.value = '';
    if (text && text !== name) void attempt(() => updateChat(chat_id, { name: text }));
    if (hadFocus) requestAnimationFrame(() => focusRow(chat_id));
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Enter') end(input.current?.value ?? '');
    if (event.key === 'Escape') end(name);
  };
  return html`
    <input ref=${input} class="rename" aria-label="Name of the chat" dir="auto" maxlength=${NAME_LENGTH} autocomplete="off" value=${name}
      onKeyDown=${onKeyDown} onBlur=${() => end(input.current?.value ?? '')} />
  `;
}

/** @param {string | undefined} id */
const linkOf = (id) => /** @type {HTMLElement | null} */ (id ? document.querySelector(`a[data-chat="${CSS.escape(id)}"]`) : null);

/** @param {string | undefined} id */
function focusRow(id) {
  const link = linkOf(id);
  link?.focus();
  return link !== null;
}

/**
 * Runs what may move or remove a row, and gives the focus back to the row, or to one beside it.
 * @param {string} id
 * @param {() => Promise<unknown>} work
 */
async function keepFocus(id, work) {
  const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('a[data-chat]')]);
  const at = links.findIndex(({ dataset }) => dataset.chat === id);
  const beside = [links[at + 1], links[at - 1]].map((link) => link?.dataset.chat);
  await work();
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) [id, ...beside].some(focusRow);
  });
}
