// @ts-check
// The keys of the tree, for the help.

import { html } from '../lib/html.js';

/** @type {[keys: string[], does: string][]} */
const TREE_KEYS = [
  [['↑', '↓'], 'Go from branch to branch'],
  [['→', '←'], 'Expand or collapse a branch, or go into and out of it'],
  [['Home'], 'Go to the first branch'],
  [['End'], 'Go to the last branch'],
  [['Enter'], 'Show a branch'],
  [['A-Z'], 'Go to a branch by typing how its name begins'],
];

/** To be put into the list of keys, under a heading of its own. */
export const TreeKeys = () => TREE_KEYS.map(([keys, does]) => html`<div key=${does}><dt>${keys.map((key) => html`<kbd key=${key}>${key}</kbd> `)}</dt><dd>${does}</dd></div>`);
