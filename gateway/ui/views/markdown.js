// @ts-check
// Texts in Markdown.

import { html, signal, useEffect, useMemo, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { withViews } from '../lib/preload.js';
import { yieldToMain } from '../lib/tasks.js';

/** The module that reads and shows Markdown, loaded when there is something to show. @type {import('../vendor/signals.js').Signal<typeof import('./markdown-nodes.js') | null>} */
export const markdown = signal(/** @type {any} */ (null));
/** Whether text can be shown as it is to stay: with Markdown, or without where it cannot be loaded. */
export const isMarkdownReady = signal(false);

/** @type {Promise<void> | undefined} */
let loading;

/** Loads it, once. */
export const loadMarkdown = () =>
  (loading ??= attempt(async () => {
    const module = await withViews(import('./markdown-nodes.js'), 'markdown');
    // The module was run in this task, and all messages in sight are rendered in the next.
    await yieldToMain();
    markdown.value = module;
  }).then(() => {
    isMarkdownReady.value = true;
  }));

/** The characters of a text that are shown at first, as longer ones would hold up the page. */
const EXCERPT_LENGTH = 100_000;
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
