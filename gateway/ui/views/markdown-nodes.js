// @ts-check
// Markdown as nodes. The lexer's tokens become elements of a fixed set; all else, HTML included, is shown as the text that it is.

import { copy } from '../lib/clipboard.js';
import { html } from '../lib/html.js';

export { lexer } from '../vendor/marked.js';

/** @typedef {import('../vendor/marked.js').Token} Token */

/** One block of a text, below headings of which the highest has the depth `top`. @param {{token: Token, top: number}} props */
export const Block = ({ token, top }) => block(token, top);

/** The blocks of a text. @param {Token[]} tokens */
export function blocks(tokens) {
  // The first heading is the highest: below the page's own, which are two.
  const top = tokens.find(({ type }) => type === 'heading')?.depth ?? 1;
  return tokens.map((token) => block(token, top));
}

/** The names of the elements of inline tokens that have no more than their content. */
const INLINE = { strong: 'strong', em: 'em', del: 'del' };

/**
 * @param {Token} token
 * @param {number} [top] The depth of the highest heading.
 * @returns {any}
 */
function block(token, top = 1) {
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'heading':
      return html`<${`h${Math.min(6, Math.max(3, 3 + token.depth - top))}`} dir="auto">${inlines(token)}<//>`;
    case 'code':
      return html`<${Code} text=${token.text} language=${token.lang} />`;
    case 'hr':
      return html`<hr />`;
    case 'blockquote':
      return html`<blockquote dir="auto">${(token.tokens ?? []).map((one) => block(one, top))}</blockquote>`;
    case 'list':
      return list(token, top);
    case 'table':
      return table(token);
    case 'html':
      return html`<p class="plain" dir="auto">${token.raw.trim()}</p>`;
    case 'paragraph':
      return html`<p dir="auto">${inlines(token)}</p>`;
    case 'text':
      return html`<span>${inlines(token)}</span>`;
    default:
      return inline(token);
  }
}

/**
 * @param {Token} token
 * @param {number} top
 */
function list(token, top) {
  const items = token.items.map((/** @type {Token} */ item) => html`<li dir="auto" class=${item.task ? 'task' : ''}>${(item.tokens ?? []).map((/** @type {Token} */ one) => block(one, top))}</li>`);
  return token.ordered ? html`<ol start=${token.start}>${items}</ol>` : html`<ul>${items}</ul>`;
}

/** @param {Token} token */
function table({ header, rows, align }) {
  const cell = (/** @type {Token} */ one, /** @type {number} */ i) => html`<${one.header ? 'th' : 'td'} dir="auto" class=${align[i] ? `align-${align[i]}` : ''}>${inlines(one)}<//>`;
  return html`
    <div class="table" role="region" aria-label="Table" tabindex="0">
      <table>
        <thead><tr>${header.map(cell)}</tr></thead>
        <tbody>${rows.map((/** @type {Token[]} */ row) => html`<tr>${row.map(cell)}</tr>`)}</tbody>
      </table>
    </div>
  `;
}

/** @type {(token: Token) => any} */
const inlines = (token) => (token.tokens ? token.tokens.map(inline) : unescaped(token.text ?? token.raw));

/**
 * @param {Token} token
 * @returns {any}
 */
function inline(token) {
  switch (token.type) {
    case 'strong':
    case 'em':
    case 'del':
      return html`<${INLINE[token.type]}>${inlines(token)}<//>`;
    case 'codespan':
      return html`<code dir="ltr">${token.text}</code>`;
    case 'br':
      return html`<br />`;
    case 'checkbox':
      return html`<input type="checkbox" checked=${token.checked} disabled aria-label=${token.checked ? 'Done' : 'To do'} />`;
    case 'link':
      return link(token.href, inlines(token));
    case 'image':
      // The page shows pictures of no other origin: that would tell it who reads what.
      return link(token.href, token.text || token.href);
    case 'html':
      return /^<br\s*\/?>$/i.test(token.raw) ? html`<br />` : token.raw;
    default:
      return inlines(token);
  }
}

/**
 * @param {string} href
 * @param {any} content
 */
function link(href, content) {
  const target = unescaped(href);
  if (!/^(https?:\/\/|mailto:)/i.test(target)) return html`<span title=${target}>${content}</span>`;
  return html`<a href=${target} rel="noopener noreferrer" target="_blank" dir="auto">${content}</a>`;
}

/** The references that texts have often; others are left as they are written. */
const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', copy: '©', hellip: '…', mdash: '—', ndash: '–', times: '×', rarr: '→', larr: '←' };

/**
 * A text with its character references as characters.
 * @param {string} text
 */
const unescaped = (text) =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name) return NAMED[/** @type {keyof typeof NAMED} */ (name)] ?? whole;
    const point = decimal ? Number(decimal) : Number.parseInt(hex, 16);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
  });

/** @param {{text: string, language?: string}} props */
function Code({ text, language }) {
  return html`
    <div class="code">
      <div class="code-bar"><span>${language?.split(/\s/)[0] || 'Code'}</span><button type="button" class="quiet" onClick=${() => copy(text)}>Copy<span class="visually-hidden"> this code</span></button></div>
      <pre tabindex="0" dir="ltr"><code>${text}</code></pre>
    </div>
  `;
}
