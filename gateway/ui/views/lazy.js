// @ts-check
// A view whose module is loaded when it is first shown.

import { html, useEffect, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';

/** The views that are loaded, by what loads them. @type {Map<() => Promise<any>, any>} */
const views = new Map();

/** @param {{load: () => Promise<any>, props?: object}} props */
export function Lazy({ load, props }) {
  const isLoaded = useSignal(views.has(load));
  useEffect(() => {
    if (isLoaded.value) return;
    void attempt(async () => {
      views.set(load, await load());
      isLoaded.value = true;
    });
  }, []);
  return isLoaded.value ? html`<${views.get(load)} ...${props} />` : html`<p class="loading" role="status">Loading</p>`;
}
