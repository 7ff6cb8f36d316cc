// @ts-check
// The chats that were deleted and can be restored.

import { call, page } from '../lib/api.js';
import { useFocusKept } from '../lib/focus.js';
import { batch, html, useEffect, useRef, useSignal } from '../lib/html.js';
import { attempt, notify } from '../lib/notices.js';
import { go } from '../lib/router.js';
import { fullTime, shortTime } from '../lib/times.js';
import { untilTime } from '../lib/until.js';
import { quoted, removals, restoreChat } from '../state/chats.js';
import { Confirm } from './dialog.js';
import { PageBar } from './page-bar.js';

/** @typedef {{chat_id: string, name: string, deleted_at: string, purge_at: string, branch_count: number}} DeletedChat */

export function DeletedChats() {
  const { chats, next, status, read, remove } = useDeleted();
  const part = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusKept(part);
  const destroyed = useSignal(/** @type {DeletedChat | null} */ (null));
  const restore = (/** @type {DeletedChat} */ { chat_id, name }) =>
    attempt(async () => {
      await restoreChat(chat_id);
      remove(chat_id);
      notify(`Restored ${quoted(name)}`, { about: [chat_id], action: { label: 'Open', run: () => go({ name: 'chat', chat: chat_id }) } });
    });
  const destroy = async (/** @type {DeletedChat} */ { chat_id, name }) => {
    await call('DELETE', `chats/delete-chat/${chat_id}`, { query: { permanent: true } });
    // After the dialog has given the focus back.
    setTimeout(() => remove(chat_id));
    notify(`${quoted(name)} is gone for good`, { about: [chat_id] });
  };
  const doomed = destroyed.value;
  return html`
    <${PageBar} title="Deleted chats" />
    <div class="scroll" ref=${part}>
      <div class="page">
        ${status === 'failed' && html`<p role="alert">The deleted chats could not be read. <button type="button" onClick=${() => read(null)}>Try again</button></p>`}
        ${status === 'reading' && chats.length === 0 && html`<p class="loading" role="status">Loading</p>`}
        ${status === 'ready' && chats.length === 0 && html`<p class="empty">No chat is deleted. One that you delete is kept here with all its branches, and can be restored until the date that is shown with it.</p>`}
        <ul class="cards">
          ${chats.map((chat) => html`<${Row} key=${chat.chat_id} chat=${chat} restore=${restore} destroy=${() => (destroyed.value = chat)} />`)}
        </ul>
        ${next && html`<button type="button" disabled=${status === 'reading'} onClick=${() => read(next)}>Show more</button>`}
      </div>
    </div>
    ${doomed &&
    html`<${Confirm} title="Destroy ${quoted(doomed.name)}?" action="Destroy for good" run=${() => destroy(doomed)} close=${() => (destroyed.value = null)}>
      <p>The chat goes with all its messages and ${branches(doomed.branch_count)}. Nobody can bring it back. Chats that were forked from it keep what they share with it.</p>
    <//>`}
  `;
}

/** @param {{chat: DeletedChat, restore: (chat: DeletedChat) => unknown, destroy: () => void}} props */
function Row({ chat, restore, destroy }) {
  const isBusy = useSignal(false);
  const { name, deleted_at, purge_at, branch_count } = chat;
  const run = async () => {
    isBusy.value = true;
    await restore(chat);
    isBusy.value = false;
  };
  return html`
    <li class="card">
      <div class="grow">
        <h2 dir="auto">${name}</h2>
        <p class="muted">Deleted <time datetime=${deleted_at} title=${fullTime(deleted_at)}>${shortTime(deleted_at)}</time>, with ${branches(branch_count)}.</p>
        <p class="muted">Can be restored until <time datetime=${purge_at} title=${fullTime(purge_at)}>${untilTime(purge_at)}</time>.</p>
      </div>
      <div class="row">
        <button type="button" disabled=${isBusy} aria-label="Restore ${name}" onClick=${run}>Restore</button>
        <button type="button" class="danger quiet" aria-label="Destroy ${name} for good" onClick=${destroy}>Destroy...</button>
      </div>
    </li>
  `;
}

/** @param {number} count */
const branches = (count) => (count === 1 ? '1 branch' : `${count.toLocaleString()} branches`);

/** The deleted chats, page by page, read anew whenever one is deleted, and when the window comes to the front. */
function useDeleted() {
  const chats = useSignal(/** @type {DeletedChat[]} */ ([]));
  const next = useSignal(/** @type {string | null} */ (null));
  const status = useSignal(/** @type {'reading' | 'ready' | 'failed'} */ ('reading'));
  const read = async (/** @type {string | null} */ cursor) => {
    status.value = 'reading';
    const isRead = await attempt(async () => {
      const found = await page('chats/deleted-chats', { cursor, limit: 50 });
      batch(() => {
        const known = cursor ? chats.peek() : [];
        chats.value = [...known, ...found.body];
        next.value = found.next;
      });
    });
    status.value = isRead ? 'ready' : 'failed';
  };
  const remove = (/** @type {string} */ id) => (chats.value = chats.peek().filter(({ chat_id }) => chat_id !== id));
  useEffect(() => {
    const again = () => void read(null);
    again();
    addEventListener('focus', again);
    return () => removeEventListener('focus', again);
  }, [removals.value]);
  return { chats: chats.value, next: next.value, status: status.value, read, remove };
}
