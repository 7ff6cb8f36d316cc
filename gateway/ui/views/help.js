// @ts-check
// The keyboard shortcuts that count now. The rule is that of `lib/keys.js`.

import { html } from '../lib/html.js';
import { isLetter, listShortcuts } from '../lib/keys.js';
import { Dialog } from './dialog.js';
import { TreeKeys } from './tree-help.js';

/** The names of keys without a letter. @type {Record<string, string>} */
const WRITTEN = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc', ' ': 'Space' };

/** @param {{close: () => void}} props */
export function Help({ close }) {
  const all = listShortcuts();
  return html`
    <${Dialog} title="Keyboard shortcuts" close=${close}>
      <div class="form">
        <h3>Everywhere, except in a field</h3>
        <dl class="keys">
          ${all.filter((one) => !isLetter(one)).map(keyOf)}
          <div><dt><kbd>↑</kbd> <kbd>↓</kbd></dt><dd>Go through the list of chats</dd></div>
          ${!all.some(({ key }) => key === 'Escape') && html`<div><dt><kbd>Esc</kbd></dt><dd>Close a menu or a dialog</dd></div>`}
        </dl>
        <h3>While a message is framed</h3>
        <p class="muted">Esc frames a message, and so does a click on it. While none is framed, the letters that you type go to your question.</p>
        <dl class="keys">${all.filter(isLetter).map(keyOf)}</dl>
        <h3>In the tree</h3>
        <dl class="keys"><${TreeKeys} /></dl>
      </div>
    <//>
  `;
}

/** @param {import('../lib/keys.js').Shortcut} shortcut */
const keyOf = ({ key, does }) => html`<div key=${key}><dt><kbd>${WRITTEN[key] ?? key}</kbd></dt><dd>${does}</dd></div>`;
