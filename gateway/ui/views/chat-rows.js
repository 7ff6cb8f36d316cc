// @ts-check
// The list of chats. Only the rows in sight are in the page, so that ten thousand chats are as fast as ten.

import { classes, html, useEffect, useLayoutEffect, useRef, useSignal } from '../lib/html.js';
import { filter, more, others, pinned, readMore, reloadChats, restrict, status } from '../state/chat-list.js';
import { ChatRow, Tagging } from './chat-row.js';
import { Lazy } from './lazy.js';

const welcome = () => import('./welcome.js').then(({ Welcome }) => Welcome);

/** The heights of rows and headings, in pixels: those of the style sheet. */
const ROW_PX = 64;
const HEADING_PX = 36;
/** Rows that are rendered out of sight, on each side. */
const SPARE_ROWS = 8;
/** So far before its end the list is read on, in pixels. */
const READ_AHEAD_PX = 800;

/**
 * @typedef {import('../state/current.js').Chat} Chat
 * @typedef {{chat: Chat, top: number, place: number}} Row `place` counts from 1 in its section.
 * @typedef {{title: string, top: number, rows: Row[]}} Section
 */

/**
 * The layout of the rows. Without pinned chats there are no headings.
 * @param {Chat[]} pins
 * @param {Chat[]} rest
 */
function lay(pins, rest) {
  let height = 0;
  /** @type {Section[]} */
  const sections = [];
  for (const [title, chats] of /** @type {const} */ ([['Pinned', pins], ['Chats', rest]])) {
    if (chats.length === 0) continue;
    const top = height;
    if (pins.length > 0) height += HEADING_PX;
    const rows = chats.map((chat, index) => ({ chat, top: height + index * ROW_PX, place: index + 1 }));
    height += rows.length * ROW_PX;
    sections.push({ title, top, rows });
  }
  return { sections, height, hasHeadings: pins.length > 0 };
}

export function ChatRows() {
  const scroller = useRef(/** @type {HTMLDivElement | null} */ (null));
  const places = lay(pinned.value, others.value);
  const { isInSight, onScroll } = useSight(scroller, places);
  const focused = useSignal('');
  useLayoutEffect(() => scroller.current?.scrollTo(0, 0), [filter.value]);
  return html`
    <div class="scroll chat-rows" ref=${scroller} aria-busy=${status.value === 'reading' ? 'true' : 'false'} onScroll=${onScroll} onKeyDown=${moveByKey}
      onFocusIn=${(/** @type {any} */ event) => (focused.value = event.target.closest('[data-row]')?.dataset.row ?? '')} onFocusOut=${() => (focused.value = '')}>
      ${status.value === 'failed' && html`<${Retry} text="The chats could not be read." retry=${reloadChats} />`}
      <div class=${classes({ rows: true, old: status.value !== 'ready' })} style=${{ height: `${places.height}px` }}>
        ${places.sections.flatMap(
          ({ title, top, rows }) => html`
            <${SectionHeading} key=${title} title=${title} top=${top} isShown=${places.hasHeadings} />
            <ul key=${`${title} rows`} aria-label=${title}>
              ${rows
                .filter(({ chat, top }) => isInSight(top) || chat.chat_id === focused.value)
                .map(({ chat, top, place }) => html`<${ChatRow} key=${chat.chat_id} chat=${chat} top=${top} place=${place} count=${more.value === 'none' ? rows.length : -1} />`)}
            </ul>
          `,
        )}
      </div>
      <${End} scroller=${scroller} isEmpty=${places.height === 0} />
    </div>
    <${Tagging} />
  `;
}

/** @param {{title: string, top: number, isShown: boolean}} props */
const SectionHeading = ({ title, top, isShown }) => isShown && html`<h2 style=${{ top: `${top}px` }}>${title}</h2>`;

/**
 * Which rows are in sight, or almost. When the list changes, those that are in sight stay where they are.
 * @param {{current: HTMLDivElement | null}} scroller
 * @param {ReturnType<typeof lay>} places
 */
function useSight(scroller, places) {
  const step = useSignal(0);
  const height = useSignal(innerHeight);
  const before = useRef(places);
  const onScroll = () => (step.value = Math.floor((scroller.current?.scrollTop ?? 0) / ROW_PX));
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => (height.value = contentRect.height));
    if (scroller.current) observer.observe(scroller.current);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const { current } = scroller;
    if (current && current.scrollTop > 0) current.scrollTop += shiftOf(before.current, places, current);
    before.current = places;
  }, [pinned.value, others.value]);
  const from = (step.value - SPARE_ROWS) * ROW_PX;
  const to = (step.value + SPARE_ROWS) * ROW_PX + height.value;
  return { isInSight: (/** @type {number} */ top) => top >= from && top <= to, onScroll };
}

/**
 * By how much what is in sight has moved: the least of its rows, as one that has moved alone, to the front, counts for nothing.
 * @param {ReturnType<typeof lay>} before
 * @param {ReturnType<typeof lay>} after
 * @param {HTMLElement} scroller
 */
function shiftOf(before, after, { scrollTop, clientHeight }) {
  const tops = new Map(after.sections.flatMap(({ rows }) => rows.map(({ chat, top }) => [chat.chat_id, top])));
  let shift = Infinity;
  for (const { chat, top } of before.sections.flatMap(({ rows }) => rows)) {
    if (top < scrollTop || top > scrollTop + clientHeight) continue;
    const moved = (tops.get(chat.chat_id) ?? Infinity) - top;
    if (Math.abs(moved) < Math.abs(shift)) shift = moved;
  }
  return Number.isFinite(shift) ? shift : 0;
}

/**
 * The end of the list: the next page where there is one, or the text of an empty list.
 * @param {{scroller: {current: HTMLElement | null}, isEmpty: boolean}} props
 */
function End({ scroller, isEmpty }) {
  const mark = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    if (more.value !== 'some' || !mark.current) return;
    const observer = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && void readMore(), { root: scroller.current, rootMargin: `${READ_AHEAD_PX}px` });
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [more.value, others.value]);
  return html`
    <div ref=${mark} class="end">
      ${status.value === 'reading' && isEmpty && html`<p class="loading" role="status">Loading</p>`}
      ${more.value === 'failed' && html`<${Retry} text="Older chats could not be read." retry=${readMore} />`}
      ${status.value === 'ready' && isEmpty && more.value === 'none' && html`<${Empty} />`}
    </div>
  `;
}

/** @param {{text: string, retry: () => void}} props */
const Retry = ({ text, retry }) => html`<p class="empty" role="alert">${text} <button type="button" onClick=${retry}>Try again</button></p>`;

function Empty() {
  const { q, tag, archived } = filter.value;
  if (q) return html`<p class="empty">No chat has “<span dir="auto">${q}</span>” in its name.</p>`;
  if (tag) return html`<p class="empty">No chat has this tag. <button type="button" onClick=${() => restrict({ tag: '' })}>Show all chats</button></p>`;
  if (archived) return html`<p class="empty">No chat is archived. Archive one, and it leaves the list, but keeps working.</p>`;
  // A narrow window has no room for the welcome beside the list.
  return html`<p class="empty wide">Your chats will be here.</p><div class="narrow"><${Lazy} load=${welcome} /></div>`;
}

/** Up and down go from row to row. @param {KeyboardEvent} event */
function moveByKey(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const link = event.target instanceof Element ? event.target.closest('a[data-chat]') : null;
  if (!step || !link) return;
  event.preventDefault();
  const links = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll('a[data-chat]')];
  /** @type {HTMLElement | undefined} */ (links[links.indexOf(link) + step])?.focus();
}
