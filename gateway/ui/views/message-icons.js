// @ts-check
// The icons of buttons. Each stands beside a label or has one for screen readers, so that none is read by itself.

import { html } from '../lib/html.js';

/** Paths in a box of 24, drawn as lines. */
const PATHS = {
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  again: 'M20 11a8 8 0 1 0-2.3 6M20 4v7h-7',
  branch: 'M6 4v16M6 15c6 0 11-2 11-8M13 10l4-4 4 4',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  more: 'M5 11h1v1H5zM11.5 11h1v1h-1zM18 11h1v1h-1z',
  previous: 'm14 6-6 6 6 6',
  next: 'm10 6 6 6-6 6',
  send: 'M12 19V5M5 12l7-7 7 7',
  stop: 'M8 8h8v8H8z',
  down: 'M12 5v14M5 12l7 7 7-7',
  tree: 'M5 4v16M5 9h6M5 16h6M15 9h4M15 16h4',
  compare: 'M4 5h6v14H4zM14 5h6v14h-6z',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  fork: 'M4 12h8M12 12c4 0 4-6 8-6M12 12c4 0 4 6 8 6',
};

/** The icons that are filled. @type {string[]} */
const FILLED = ['more', 'stop'];

/** @param {{name: keyof typeof PATHS}} props */
export const Icon = ({ name }) => html`
  <svg class="picture" viewBox="0 0 24 24" width="20" height="20" fill=${FILLED.includes(name) ? 'currentColor' : 'none'} stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${PATHS[name]} /></svg>
`;
