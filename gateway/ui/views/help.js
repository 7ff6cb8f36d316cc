// @ts-check
// The keyboard shortcuts that count now.

import { html } from '../lib/html.js';
import { listShortcuts } from '../lib/keys.js';
import { Dialog } from './dialog.js';
import { TreeKeys } from './tree-help.js';

/** How keys are written that have no letter. @type {Record<string, string>} */
const WRITTEN = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc', ' ': 'Space' };

/** @param {{close: () => void}} props */
export const Help = ({ close }) => html`
  <${Dialog} title="Keyboard shortcuts" close=${close}>
    <dl class="keys">
      ${listShortcuts().map(({ key, does }) => html`<div key=${key}><dt><kbd>${WRITTEN[key] ?? key}</kbd></dt><dd>${does}</dd></div>`)}
      <div><dt><kbd>↑</kbd> <kbd>↓</kbd></dt><dd>Go through the list of chats</dd></div>
      <div><dt><kbd>Esc</kbd></dt><dd>Close a menu or a dialog</dd></div>
    </dl>
    <h3>In the tree</h3>
    <dl class="keys"><${TreeKeys} /></dl>
  <//>
`;
