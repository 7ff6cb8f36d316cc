// @ts-check
// The entry of the page.

import { html, render } from './lib/html.js';
import { explain, notify } from './lib/notices.js';
import { restore } from './lib/session.js';
import { watch } from './state/current.js';
import { App } from './views/app.js';

/** Between two attempts to find out who is signed in, in milliseconds. */
const RETRY_MS = 3_000;

/** Finds out who is signed in, however long the server is away. */
async function begin() {
  for (let isTold = false; ; isTold = true) {
    try {
      return await restore();
    } catch (error) {
      if (!isTold) notify(explain(error), { kind: 'error' });
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }
}

const root = document.getElementById('app');
if (root) render(html`<${App} />`, root);
watch();
void begin();
