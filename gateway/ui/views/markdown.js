// @ts-check
// Texts in Markdown: whole ones, and those that grow.

import { html, signal, useEffect, useMemo, useRef, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { withViews } from '../lib/preload.js';

/** @typedef {import('../vendor/marked.js').Token} Token */

/** The module that reads and shows Markdown, loaded when there is something to show. @type {import('../vendor/signals.js').Signal<typeof import('./markdown-nodes.js') | null>} */
const markdown = signal(/** @type {any} */ (null));
/** Whether text can be shown as it is to stay: with Markdown, or without where it cannot be loaded. */
export const isMarkdownReady = signal(false);

/** @type {Promise<void> | undefined} */
let loading;

/** Loads it, once. */
export const loadMarkdown = () =>
  (loading ??= attempt(async () => {
    markdown.value = await withViews(import('./markdown-nodes.js'), 'markdown');
  }).then(() => {
    isMarkdownReady.value = true;
  }));

/** Limits in characters, as longer texts would hold up the page: of a text that is shown at first, and of a growing block that is read anew each time. */
const EXCERPT_LENGTH = 100_000;
const OPEN_LENGTH = 30_000;
/** The blocks that are rendered at once. */
const BLOCKS = 150;

/**
 * A whole text.
 * @param {{text: string}} props
 */
export function Markdown({ text }) {
  const isWhole = useSignal(text.length <= EXCERPT_LENGTH);
  const shown = isWhole.value ? text : text.slice(0, EXCERPT_LENGTH);
  const { lexer, blocks } = markdown.value ?? {};
  const nodes = useMemo(() => (lexer && blocks ? blocks(lexer(shown)) : [html`<p class="plain" dir="auto">${shown}</p>`]), [shown, lexer]);
  const count = useSignal(BLOCKS);
  const isCut = count.value < nodes.length;
  useEffect(() => {
    if (!isCut) return;
    const timer = setTimeout(() => (count.value += BLOCKS));
    return () => clearTimeout(timer);
  }, [count.value, isCut]);
  return html`
    <div class="markdown">${isCut ? nodes.slice(0, count.value) : nodes}</div>
    ${!isWhole.value && html`<button type="button" onClick=${() => (isWhole.value = true)}>Show the whole text (${text.length.toLocaleString()} characters)</button>`}
  `;
}

/**
 * A text that grows. What its last block cannot change any more is read once, so that a long text costs no more than its length.
 * @param {{text: string}} props
 */
export function GrowingMarkdown({ text }) {
  const state = useRef({ text: '', read: 0, top: 0, nodes: /** @type {any[]} */ ([]) });
  if (!markdown.value) return html`<p class="plain" dir="auto">${text}</p>`;
  if (!text.startsWith(state.current.text)) state.current = { text: '', read: 0, top: 0, nodes: [] };
  const { lexer, Block } = markdown.value;
  const { current } = state;
  current.text = text;
  const rest = text.slice(current.read);
  const tokens = rest.length > OPEN_LENGTH ? [{ type: 'html', raw: rest }] : lexer(rest);
  const node = (/** @type {Token} */ token, /** @type {number} */ i) => html`<${Block} key=${i} token=${token} top=${current.top || token.depth || 1} />`;
  const open = Math.max(0, tokens.findLastIndex(({ type }) => type !== 'space'));
  for (const token of tokens.slice(0, open)) {
    if (token.type === 'heading') current.top ||= token.depth;
    current.nodes.push(node(token, current.nodes.length));
    current.read += token.raw.length;
  }
  return html`<div class="markdown">${current.nodes}${tokens.slice(open).map((token, i) => node(token, current.nodes.length + i))}</div>`;
}
