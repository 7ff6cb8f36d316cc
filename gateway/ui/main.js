// @ts-check
// The entry of the page.

import { html, render } from './lib/html.js';
import { attempt } from './lib/notices.js';
import { restore } from './lib/session.js';
import { watch } from './state/current.js';
import { App } from './views/app.js';

const root = document.getElementById('app');
if (root) render(html`<${App} />`, root);
watch();
void attempt(restore);
