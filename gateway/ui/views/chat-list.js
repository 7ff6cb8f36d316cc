// @ts-check
// The chats, in the side: new chat, search and filter, the list, and the ways to the account.

import { html, useEffect, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { go, hrefOf, route } from '../lib/router.js';
import { signOut, user } from '../lib/session.js';
import { watchChats } from '../state/chat-list.js';
import { newChat, watchNames } from '../state/chats.js';
import { ChatFilter } from './chat-filter.js';
import { ChatRows } from './chat-rows.js';
import { Lazy } from './lazy.js';
import { Menu } from './menu.js';

/** Beside the modules, and not beside the page. */
const ICON = new URL('../icon.svg', import.meta.url).href;

export { newChat } from '../state/chats.js';
export { focusSearch } from './chat-filter.js';

const help = () => import('./help.js').then(({ Help }) => Help);

export function ChatList() {
  useEffect(watchChats, []);
  useEffect(watchNames, []);
  return html`
    <header class="bar">
      <h1><a class="brand" href=${hrefOf({ name: 'chats' })}><img src=${ICON} alt="" width="24" height="24" />Banyan</a></h1>
      <button type="button" class="primary" onClick=${newChat}>New chat</button>
    </header>
    <${ChatFilter} />
    <${ChatRows} />
    <${Foot} />
  `;
}

function Foot() {
  const isHelpOpen = useSignal(false);
  const name = user.value?.username;
  const isDeleted = route.value.name === 'deleted';
  const leave = () =>
    attempt(async () => {
      await signOut();
      go({ name: 'chats' }, { replaces: true });
    });
  return html`
    <footer class="chats-foot">
      <a class="button quiet" href=${hrefOf({ name: 'deleted' })} aria-current=${isDeleted ? 'page' : undefined}>Deleted chats</a>
      <${Menu} label="${name}: account and help" face=${html`<span class="who" dir="auto">${name}</span>`}>
        <a class="button" href=${hrefOf({ name: 'account' })}>Account</a>
        <button type="button" onClick=${() => (isHelpOpen.value = true)}>Keyboard shortcuts</button>
        <button type="button" onClick=${leave}>Sign out</button>
      <//>
    </footer>
    ${isHelpOpen.value && html`<${Lazy} load=${help} props=${{ close: () => (isHelpOpen.value = false) }} />`}
  `;
}
