// @ts-check
// The frame of the page: who is not signed in sees the sign-in, everybody else chats, a line, and a panel beside it.

import { classes, computed, html, useEffect, useSignal } from '../lib/html.js';
import { addShortcuts } from '../lib/keys.js';
import { route } from '../lib/router.js';
import { user } from '../lib/session.js';
import { chatId } from '../state/current.js';
import { AccountView } from './account.js';
import { ChatList, focusSearch } from './chat-list.js';
import { ChatView } from './chat.js';
import { DeletedChats } from './deleted-chats.js';
import { Help } from './help.js';
import { Lazy } from './lazy.js';
import { Notices } from './notices.js';
import { SignIn } from './sign-in.js';
import { Welcome } from './welcome.js';

/** Which part a narrow window shows, as there is room for one. */
const foremost = computed(() => {
  const { name, panel } = route.value;
  if (panel) return 'panel';
  return name === 'chats' ? 'chats' : 'main';
});

/** The panels beside a line, which are loaded when they are first opened. */
const PANELS = {
  tree: () => import('./tree.js'),
  compare: () => import('./compare.js'),
  settings: () => import('./chat-settings.js'),
  deleted: () => import('./deleted-branches.js'),
};

export function App() {
  if (user.value === undefined) return html`<main class="waiting" aria-busy="true"></main><${Notices} />`;
  if (user.value === null) return html`<${SignIn} /><${Notices} />`;
  return html`<${Signed} /><${Notices} />`;
}

function Signed() {
  const isHelpOpen = useSignal(false);
  useEffect(
    () =>
      addShortcuts([
        { key: '?', does: 'Show this help', run: () => (isHelpOpen.value = true) },
        { key: '/', does: 'Search the chats', run: focusSearch },
      ]),
    [],
  );
  const { panel } = route.value;
  return html`
    <div class=${classes({ frame: true, 'has-panel': panel })} data-foremost=${foremost}>
      <nav class="chats" aria-label="Chats"><${ChatList} /></nav>
      <main class="main"><${Main} /></main>
      ${panel && html`<aside class="panel"><${Lazy} key=${panel} load=${PANELS[panel]} /></aside>`}
    </div>
    ${isHelpOpen.value && html`<${Help} close=${() => (isHelpOpen.value = false)} />`}
  `;
}

function Main() {
  switch (route.value.name) {
    case 'account':
      return html`<${AccountView} />`;
    case 'deleted':
      return html`<${DeletedChats} />`;
    case 'chat':
      return html`<${ChatView} key=${chatId} />`;
    default:
      return html`<${Welcome} />`;
  }
}
