// @ts-check
// The open chat: its line, and the field to ask on.

import { classes, computed, html, useEffect } from '../lib/html.js';
import { FIRST_BRANCH, titleOf } from '../lib/names.js';
import { preload } from '../lib/preload.js';
import { hrefOf, route } from '../lib/router.js';
import { branchId, chat, chatId, isLineRead } from '../state/current.js';
import { line, switchTo, watchLine } from '../state/line.js';
import { sendWaiting } from '../state/outbox.js';
import { announcement, discover, otherRuns } from '../state/runs.js';
import { Composer } from './composer.js';
import { Lazy } from './lazy.js';
import { dialog } from './message-actions.js';
import { Icon } from './message-icons.js';
import { MessageList } from './message-list.js';

const menu = () => import('./chat-menu.js').then(({ ChatMenu }) => ChatMenu);
const otherAnswers = () => import('./message-running.js').then(({ OtherAnswers }) => OtherAnswers);

/** Whether answers are under way where one does not look. */
const areOthers = computed(() => otherRuns.value.length > 0);

export function ChatView() {
  useEffect(watchLine, []);
  useEffect(() => {
    if (!isLineRead.value) return;
    // Asking, and what is done with a message, works at once then, also where the server is away by that time.
    void sendWaiting();
    void preload('message-actions');
  }, [isLineRead.value]);
  useEffect(() => {
    const look = () => chatId.peek() && void discover(chatId.peek() ?? '');
    look();
    // Another tab or device may have asked something meanwhile.
    addEventListener('focus', look);
    return () => removeEventListener('focus', look);
  }, [chatId.value]);
  return html`
    <${Header} />
    <${MessageList} />
    ${areOthers.value && html`<${Lazy} load=${otherAnswers}><span /><//>`}
    <${Composer} />
    <${OpenDialog} />
    <div class="visually-hidden" role="status" aria-live="polite">${announcement}</div>
  `;
}

const OpenDialog = () => dialog.value && html`<${dialog.value.View} message=${dialog.value.message} />`;

/** The words before the title of a branch without a name: which version of a message it begins with. @param {import('../state/line.js').Branch} branch */
function kindOf({ name, first_response_id }) {
  const first = name === null ? line.value.messages.find(({ response_id }) => response_id === first_response_id) : null;
  return first && first.version > 1 ? `Version ${first.version}` : 'Branch';
}

function Header() {
  const { branch } = line.value;
  const trunk = chatId.value ?? '';
  const shown = branchId.value;
  const isTrunk = shown === trunk;
  const toFirst = (/** @type {Event} */ event) => {
    event.preventDefault();
    void switchTo(trunk);
  };
  return html`
    <header class="bar line-bar">
      <a class="button icon back" href=${hrefOf({ name: 'chats' })} aria-label="All chats"><${Icon} name="previous" /></a>
      <div class="titles">
        <h1><bdi>${chat.value?.name ?? ''}</bdi></h1>
        ${isTrunk && html`<small class="where">${FIRST_BRANCH}</small>`}
        ${!isTrunk && branch && html`
          <small class="where"><${Icon} name="branch" /><span class="name" title=${titleOf(branch)}><span class="prefix">${kindOf(branch)}: </span><bdi>${titleOf(branch)}</bdi></span>
          <a href=${hrefOf({ name: 'chat', chat: trunk, branch: trunk })} onClick=${toFirst}><span class="prefix">To the </span>first branch</a></small>
        `}
      </div>
      <${PanelLink} panel="tree" label="Tree" title="The tree of this chat (t)" icon="tree" />
      ${!isTrunk && html`<${PanelLink} panel="compare" label="Compare" title="Compare this branch with the first one" icon="compare" />`}
      <${PanelLink} panel="settings" label="Settings" title="The settings of this chat" icon="settings" />
      <div class="line-menu">${isLineRead.value && html`<${Lazy} load=${menu}><span /><//>`}</div>
    </header>
  `;
}

/** @param {{panel: 'tree' | 'compare' | 'settings', label: string, title: string, icon: any}} props */
function PanelLink({ panel, label, title, icon }) {
  const now = route.value;
  const isOpen = now.panel === panel;
  const sides = panel === 'compare' ? { left: chatId.value ?? '', right: branchId.value ?? '' } : {};
  const href = hrefOf({ name: 'chat', chat: now.chat, branch: now.branch, message: now.message, ...(isOpen ? {} : { panel, ...sides }) });
  return html`<a class=${classes({ button: true, icon: true, wide: panel !== 'tree' })} href=${href} aria-label=${label} title=${title} aria-current=${isOpen ? 'true' : undefined}><${Icon} name=${icon} /><span class="word">${label}</span></a>`;
}
