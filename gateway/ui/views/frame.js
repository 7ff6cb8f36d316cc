// @ts-check
// The frame of the page after signing in: chats, a line, and a panel beside it.

import { classes, computed, html, signal, useEffect, useLayoutEffect, useSignal, useSignalEffect } from '../lib/html.js';
import { addShortcuts } from '../lib/keys.js';
import { attempt } from '../lib/notices.js';
import { preload, withViews } from '../lib/preload.js';
import { route } from '../lib/router.js';
import { chat, chatId, isLineRead } from '../state/current.js';
import { Lazy } from './lazy.js';

/** The part that a narrow window shows, as there is room for one. */
const foremost = computed(() => {
  const { name, panel } = route.value;
  if (panel) return 'panel';
  return name === 'chats' ? 'chats' : 'main';
});

const list = () => withViews(import('./chat-list.js'), 'chats');
const chatList = () => list().then(({ ChatList }) => ChatList);
/** The list waits for the line that a link leads to, but no longer than this, in milliseconds. */
const LIST_PAUSE_MS = 3_000;
/** Whether the list is to be shown. This outlives the frame, as the modules do. */
const isListDue = signal(false);

/**
 * A function that does something with the list of chats, which may still have to be loaded.
 * @param {(module: typeof import('./chat-list.js')) => unknown} work
 */
const withList = (work) => () => {
  isListDue.value = true;
  void attempt(async () => work(await list()));
};

/** Loads the list after the line, or after a pause. */
function useListAfterLine() {
  useSignalEffect(() => {
    if (isLineRead.value || route.value.name !== 'chat') isListDue.value = true;
  });
  useEffect(() => {
    const timer = setTimeout(() => (isListDue.value = true), LIST_PAUSE_MS);
    return () => clearTimeout(timer);
  }, []);
}

/** The views beside the chats, by the name of the route. */
const MAIN = {
  account: () => withViews(import('./account.js'), 'chats').then(({ AccountView }) => AccountView),
  chat: () => {
    // Markdown is there when the first messages are.
    void preload('markdown');
    return withViews(import('./chat.js'), 'chat', 'composer').then(({ ChatView }) => ChatView);
  },
  chats: () => withViews(import('./welcome.js'), 'chats', 'composer').then(({ Welcome }) => Welcome),
  deleted: () => withViews(import('./deleted-chats.js'), 'chats').then(({ DeletedChats }) => DeletedChats),
  new: () => withViews(import('./welcome.js'), 'chats', 'composer').then(({ Welcome }) => Welcome),
};

/** The panels beside a line. */
const PANELS = {
  compare: () => withViews(import('./compare.js'), 'panel').then((module) => module.default),
  deleted: () => withViews(import('./deleted-branches.js'), 'panel').then((module) => module.default),
  settings: () => withViews(import('./chat-settings.js'), 'panel').then((module) => module.default),
  tree: () => withViews(import('./tree.js'), 'panel', 'tree').then((module) => module.default),
};

const help = () => import('./help.js').then(({ Help }) => Help);

export function Frame() {
  const isHelpOpen = useSignal(false);
  useLayoutEffect(
    () =>
      addShortcuts([
        { key: 'n', does: 'Begin a new chat', run: withList(({ newChat }) => newChat()) },
        { key: '?', does: 'Show this help', run: () => (isHelpOpen.value = true) },
        { key: '/', does: 'Search the chats', run: withList(({ focusSearch }) => focusSearch()) },
      ]),
    [],
  );
  useSignalEffect(() => {
    document.title = chat.value ? `${chat.value.name} - Banyan` : 'Banyan';
  });
  useListAfterLine();
  const { name, panel } = route.value;
  return html`
    <main class=${classes({ frame: true, 'has-panel': panel })} data-foremost=${foremost}>
      <h1 class="visually-hidden">Banyan</h1>
      <nav class="chats" aria-label="Chats">${isListDue.value && html`<${Lazy} load=${chatList} />`}</nav>
      <div class="main"><${Lazy} key=${name === 'chat' ? chatId.value : name} load=${MAIN[name]} /></div>
      ${panel && html`<div class="panel"><${Lazy} key=${panel} load=${PANELS[panel]} /></div>`}
    </main>
    ${isHelpOpen.value && html`<${Lazy} load=${help} props=${{ close: () => (isHelpOpen.value = false) }} />`}
  `;
}
