// @ts-check
// The header of a page that takes the place of a line.

import { html, useEffect, useRef } from '../lib/html.js';
import { hrefOf } from '../lib/router.js';

/**
 * The title gets the focus when the page opens: what was focused before may be out of sight in a narrow window, which has a link back.
 * @param {{title: string}} props
 */
export function PageBar({ title }) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => heading.current?.focus(), []);
  return html`
    <header class="bar">
      <a class="button quiet back" href=${hrefOf({ name: 'chats' })}>‹ Chats</a>
      <h1 ref=${heading} tabindex="-1">${title}</h1>
    </header>
  `;
}
