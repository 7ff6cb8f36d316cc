// @ts-check
// A view whose module is loaded when it is first shown. Such a module exports its view as the default.

import { html, useEffect, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';

/** @param {{load: () => Promise<{default: any}>}} props */
export function Lazy({ load }) {
  const view = useSignal(/** @type {any} */ (null));
  useEffect(() => {
    void attempt(async () => {
      view.value = (await load()).default;
    });
  }, []);
  return view.value ? html`<${view.value} />` : html`<p class="loading" role="status">Loading</p>`;
}
