// @ts-check
// A view whose module is loaded when it is first shown.

import { reach } from '../lib/api.js';
import { html, useEffect, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';

/** The views that are loaded, by what loads them. @type {Map<() => Promise<any>, any>} */
const views = new Map();

/** The part of this module's URL that names the version of the page. */
const FINGERPRINT = new URL('..', import.meta.url).pathname.split('/').at(-2) ?? '';

/** Reloads a page of a version that the server has no more, whose modules are gone with it. */
async function reloadIfOld() {
  const page = await (await reach(document.baseURI, { cache: 'no-cache' })).text();
  if (!page.includes(FINGERPRINT)) location.reload();
}

/** @param {{load: () => Promise<any>, props?: object, children?: any}} props `children` are shown until the view is there. */
export function Lazy({ load, props, children }) {
  const isLoaded = useSignal(views.has(load));
  useEffect(() => {
    if (isLoaded.value) return;
    void attempt(async () => {
      views.set(load, await load().catch((error) => reloadIfOld().then(() => Promise.reject(error))));
      isLoaded.value = true;
    });
  }, []);
  return isLoaded.value ? html`<${views.get(load)} ...${props} />` : (children ?? html`<p class="loading" role="status">Loading</p>`);
}
