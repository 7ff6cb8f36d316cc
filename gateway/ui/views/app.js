// @ts-check
// The page: who is not signed in sees the sign-in, everybody else chats, a line, and a panel beside it.

import { html } from '../lib/html.js';
import { preloadRoute, withViews } from '../lib/preload.js';
import { user } from '../lib/session.js';
import { Lazy } from './lazy.js';
import { Notices } from './notices.js';

const signIn = () => withViews(import('./sign-in.js'), 'sign-in').then(({ SignIn }) => SignIn);
const frame = () => {
  preloadRoute();
  return withViews(import('./frame.js'), 'frame').then(({ Frame }) => Frame);
};

export function App() {
  const isKnown = user.value !== undefined;
  return html`
    ${isKnown ? html`<${Lazy} key=${user.value ? 'frame' : 'sign-in'} load=${user.value ? frame : signIn} />` : html`<main class="loading" aria-busy="true"><h1 class="visually-hidden">Banyan</h1>Loading</main>`}
    <${Notices} />
  `;
}
