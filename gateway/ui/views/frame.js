// @ts-check
// The frame of who is signed in: chats, a line, and a panel beside it.

import { classes, computed, html, useEffect, useSignal } from '../lib/html.js';
import { addShortcuts } from '../lib/keys.js';
import { route } from '../lib/router.js';
import { chatId } from '../state/current.js';
import { ChatList, focusSearch } from './chat-list.js';
import { Lazy } from './lazy.js';

/** Which part a narrow window shows, as there is room for one. */
const foremost = computed(() => {
  const { name, panel } = route.value;
  if (panel) return 'panel';
  return name === 'chats' ? 'chats' : 'main';
});

/** What is shown beside the chats. */
const MAIN = {
  account: () => import('./account.js').then(({ AccountView }) => AccountView),
  chat: () => import('./chat.js').then(({ ChatView }) => ChatView),
  chats: () => import('./welcome.js').then(({ Welcome }) => Welcome),
  deleted: () => import('./deleted-chats.js').then(({ DeletedChats }) => DeletedChats),
  new: () => import('./welcome.js').then(({ Welcome }) => Welcome),
};

/** The panels beside a line. */
const PANELS = {
  compare: () => import('./compare.js').then((module) => module.default),
  deleted: () => import('./deleted-branches.js').then((module) => module.default),
  settings: () => import('./chat-settings.js').then((module) => module.default),
  tree: () => import('./tree.js').then((module) => module.default),
};

const help = () => import('./help.js').then(({ Help }) => Help);

export function Frame() {
  const isHelpOpen = useSignal(false);
  useEffect(
    () =>
      addShortcuts([
        { key: '?', does: 'Show this help', run: () => (isHelpOpen.value = true) },
        { key: '/', does: 'Search the chats', run: focusSearch },
      ]),
    [],
  );
  const { name, panel } = route.value;
  return html`
    <main class=${classes({ frame: true, 'has-panel': panel })} data-foremost=${foremost}>
      <h1 class="visually-hidden">Banyan</h1>
      <nav class="chats" aria-label="Chats"><${ChatList} /></nav>
      <div class="main"><${Lazy} key=${name === 'chat' ? chatId.value : name} load=${MAIN[name]} /></div>
      ${panel && html`<div class="panel"><${Lazy} key=${panel} load=${PANELS[panel]} /></div>`}
    </main>
    ${isHelpOpen.value && html`<${Lazy} load=${help} props=${{ close: () => (isHelpOpen.value = false) }} />`}
  `;
}
