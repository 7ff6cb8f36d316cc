// @ts-check
// The menu of the open chat, above its line: what its row in the list offers, and the comparison of its branches.

import { html, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { withViews } from '../lib/preload.js';
import { hrefOf, route } from '../lib/router.js';
import { NAME_LENGTH, updateChat } from '../state/chats.js';
import { branchId, chat } from '../state/current.js';
import { ChatActions, ChatTags } from './chat-actions.js';
import { Dialog } from './dialog.js';
import { Lazy } from './lazy.js';
import { Menu } from './menu.js';

const comparing = () => withViews(import('./branch-actions.js'), 'panel').then(({ CompareWith }) => CompareWith);

export function ChatMenu() {
  const isRenaming = useSignal(false);
  const isTagging = useSignal(false);
  const isComparing = useSignal(false);
  const [open, branch] = [chat.value, branchId.value];
  if (!open || !branch) return null;
  return html`
    <${Menu} label="Actions for this chat">
      <${ChatActions} chat=${open} rename=${() => (isRenaming.value = true)} tag=${() => (isTagging.value = true)}>
        <button type="button" onClick=${() => (isComparing.value = true)}>Compare this branch with...</button>
        <a class="button" href=${hrefOf({ ...route.value, panel: 'deleted' })}>Deleted branches</a>
      <//>
    <//>
    ${isRenaming.value && html`<${RenameDialog} chat=${open} close=${() => (isRenaming.value = false)} />`}
    ${isTagging.value && html`<${ChatTags} chat=${open} close=${() => (isTagging.value = false)} />`}
    ${isComparing.value && html`<${Lazy} load=${comparing} props=${{ branch, close: () => (isComparing.value = false) }} />`}
  `;
}

/** @param {{chat: import('../state/current.js').Chat, close: () => void}} props */
function RenameDialog({ chat: { chat_id, name }, close }) {
  const text = useSignal(name);
  const isBusy = useSignal(false);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    isBusy.value = true;
    const written = text.value.trim();
    if (await attempt(() => written && written !== name && updateChat(chat_id, { name: written }))) close();
    isBusy.value = false;
  };
  return html`
    <${Dialog} title="Rename the chat" close=${close}>
      <form class="form" onSubmit=${submit}>
        <label>Name<input autofocus dir="auto" maxlength=${NAME_LENGTH} autocomplete="off" value=${text} onInput=${(/** @type {any} */ event) => (text.value = event.target.value)} onFocus=${(/** @type {any} */ event) => event.target.select()} /></label>
        <div class="row end">
          <button type="button" onClick=${close}>Cancel</button>
          <button class="primary" disabled=${isBusy.value || !text.value.trim()}>Save</button>
        </div>
      </form>
    <//>
  `;
}
