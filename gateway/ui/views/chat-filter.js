// @ts-check
// The search through the chats, and what they are restricted to.

import { useFocusKept } from '../lib/focus.js';
import { html, signal, useEffect, useLayoutEffect, useRef, useSignal } from '../lib/html.js';
import { go } from '../lib/router.js';
import { filter, knownTags, others, pinned, reloadChats, restrict, status } from '../state/chat-list.js';
import { Menu } from './menu.js';

/** After the last key before the list is searched, in milliseconds. */
const SEARCH_PAUSE_MS = 200;
/** The most tags that the menu offers. */
const TAGS_OFFERED = 20;
const SEARCH_ID = 'search-chats';

/** Whether the search is to get the focus, as soon as it is there. */
const isAwaited = signal(false);

/** Goes to the search. */
export const focusSearch = () => (isAwaited.value = true);

/** A narrow window shows the list for that first. */
function focusField() {
  isAwaited.value = false;
  const focus = () => document.getElementById(SEARCH_ID)?.focus();
  focus();
  if (document.activeElement?.id === SEARCH_ID) return;
  go({ name: 'chats' });
  // The hash, the route and the rendering follow each other.
  setTimeout(() => requestAnimationFrame(focus));
}

export function ChatFilter() {
  const { q, tag, archived } = filter.value;
  const part = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusKept(part);
  return html`
    <search ref=${part} class="chats-filter">
      <${SearchField} />
      ${knownTags.value.length === 0
        ? html`<button type="button" class="quiet" aria-pressed=${archived ? 'true' : 'false'} onClick=${() => restrict({ archived: !archived })}>Archived</button>`
        : html`<${Menu} label="Filter the chats" face="Filter">
        <button type="button" aria-pressed=${archived ? 'true' : 'false'} onClick=${() => restrict({ archived: !archived })}>Archived chats</button>
        ${knownTags.value.slice(0, TAGS_OFFERED).map(
          (one) => html`<button type="button" key=${one} aria-pressed=${one === tag ? 'true' : 'false'} onClick=${() => restrict({ tag: one === tag ? '' : one })}><span class="tag" dir="auto">${one}</span></button>`,
        )}
      <//>`}
      <div class="row chips">
        ${archived && html`<${Chip} text="Archived chats" remove=${() => restrict({ archived: false })} />`}
        ${tag && html`<${Chip} text=${tag} remove=${() => restrict({ tag: '' })} />`}
      </div>
      <p class="visually-hidden" role="status">${(q || tag || archived) && status.value === 'ready' ? countOf(pinned.value.length + others.value.length) : ''}</p>
    </search>
  `;
}

/** @param {number} count */
const countOf = (count) => (count === 1 ? '1 chat found' : `${count || 'No'} chats found`);

function SearchField() {
  const text = useSignal(filter.peek().q);
  const timer = useRef(0);
  const search = (/** @type {string} */ q) => {
    text.value = q;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => q !== filter.peek().q && restrict({ q }), SEARCH_PAUSE_MS);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useLayoutEffect(() => {
    if (isAwaited.value) focusField();
  }, [isAwaited.value]);
  const openFirst = async () => {
    clearTimeout(timer.current);
    const q = text.value;
    if (q !== filter.peek().q) await restrict({ q });
    const first = pinned.peek()[0] ?? others.peek()[0];
    if (status.peek() === 'reading') await reloadChats();
    // What is shown is what was asked for: it may have been written on since, or not be found.
    if (first && status.peek() === 'ready' && q === text.value) go({ name: 'chat', chat: first.chat_id });
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'ArrowDown') /** @type {HTMLElement | null} */ (document.querySelector('.chat-rows a[data-chat]'))?.focus();
    if (event.key === 'Enter' && !event.isComposing && text.value.trim()) void openFirst();
    if (event.key !== 'Escape' || !text.value) return;
    event.preventDefault();
    search('');
  };
  return html`
    <input id=${SEARCH_ID} type="search" placeholder="Search names" aria-label="Search chats by name" title="Search the names of chats (/); Enter opens the first" dir="auto" maxlength="200" autocomplete="off"
      value=${text} onInput=${(/** @type {any} */ event) => search(event.target.value)} onKeyDown=${onKeyDown} />
  `;
}

/** @param {{text: string, remove: () => void}} props */
const Chip = ({ text, remove }) => html`
  <button type="button" class="chip" aria-label="Show all, not only: ${text}" onClick=${remove}><span dir="auto">${text}</span><span aria-hidden="true">×</span></button>
`;
