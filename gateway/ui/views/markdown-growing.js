// @ts-check
// Texts in Markdown that grow.

import { html, useRef } from '../lib/html.js';
import { markdown } from './markdown.js';

/** @typedef {import('../vendor/marked.js').Token} Token */

/** Of a block that grows, so many characters are read anew each time. */
const OPEN_LENGTH = 30_000;

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
