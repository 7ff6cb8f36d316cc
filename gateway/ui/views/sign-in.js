// @ts-check
// Signing in, and registering. The hash stays as it is, so that one lands where a link has led.

import { ApiError, checked, reach } from '../lib/api.js';
import { html, useSignal } from '../lib/html.js';
import { explain } from '../lib/notices.js';
import { preloadRoute } from '../lib/preload.js';
import { route } from '../lib/router.js';
import { signIn } from '../lib/session.js';
import { errorsOf, Field, focusWrong, PasswordField, submitted, timeIn } from './field.js';

/** Beside the modules, and not beside the page. */
const ICON = new URL('../icon.svg', import.meta.url).href;

const REGISTER = new URL('../api/v1/auth/register', document.baseURI);

/** The texts of the two modes of the form. */
const MODES = {
  signIn: { title: 'Sign in', action: 'Sign in', busy: 'Signing in', other: 'New here?', switch: 'Create an account' },
  register: { title: 'Create an account', action: 'Create the account', busy: 'Creating the account', other: 'You have an account?', switch: 'Sign in' },
};

export function SignIn() {
  return html`
    <main class="sign-in scroll">
      <div class="page">
        <header>
          <h1><img src=${ICON} alt="" width="40" height="40" />Banyan</h1>
          <p>Banyan is a chat in which every answer can grow another conversation. Ask again at any point, follow each branch, and compare where they lead: nothing is overwritten.</p>
        </header>
        ${route.value.name !== 'chats' && html`<p class="hint">Sign in to see what the link leads to.</p>`}
        <${Form} />
      </div>
    </main>
  `;
}

function Form() {
  const mode = useSignal(/** @type {keyof typeof MODES} */ ('signIn'));
  const errors = useSignal(/** @type {import('./field.js').Errors} */ ({}));
  const failure = useSignal('');
  const isBusy = useSignal(false);
  const says = MODES[mode.value];
  const isNew = mode.value === 'register';

  const submit = async (/** @type {SubmitEvent} */ event) => {
    const form = event.currentTarget;
    const { username, password } = submitted(event);
    isBusy.value = true;
    [errors.value, failure.value] = [missing(username, password), ''];
    try {
      if (Object.keys(errors.value).length === 0) await enter(isNew, username, password);
    } catch (error) {
      failure.value = failureOf(error);
      if (!failure.value) errors.value = errorsOf(error, { username_taken: ['username', 'This name is taken: choose another one.'] });
    }
    isBusy.value = false;
    focusWrong(form);
  };
  const change = () => {
    mode.value = isNew ? 'signIn' : 'register';
    [errors.value, failure.value] = [{}, ''];
  };
  return html`
    <form class="form" method="post" novalidate onFocusIn=${preloadRoute} onSubmit=${submit}>
      <h2>${says.title}</h2>
      <${Field} label="Username" name="username" errors=${errors.value} autocomplete="username" autocapitalize="off" spellcheck=${false} dir="auto"
        hint=${isNew && 'At least 3 characters: letters, digits and . _ - + @. Your mail address will do.'} />
      <${PasswordField} label="Password" name="password" errors=${errors.value} autocomplete=${isNew ? 'new-password' : 'current-password'} hint=${isNew && 'At least 8 characters.'} />
      <p class="field-error" role="alert">${failure}</p>
      <button class="primary" disabled=${isBusy}>${isBusy.value ? says.busy : says.action}</button>
      <p class="row switch">${says.other} <button type="button" class="quiet" onClick=${change}>${says.switch}</button></p>
    </form>
  `;
}

/**
 * @param {string} username
 * @param {string} password
 */
const missing = (username, password) => ({ ...(!username && { username: 'Enter your username.' }), ...(!password && { password: 'Enter your password.' }) });

/** The name that this page has registered: where signing in failed after it, only that is tried again. */
let registered = '';

/**
 * @param {boolean} isNew
 * @param {string} username
 * @param {string} password
 */
async function enter(isNew, username, password) {
  if (isNew && registered !== username) {
    const headers = { 'Content-Type': 'application/json' };
    await checked(await reach(REGISTER, { method: 'POST', headers, body: JSON.stringify({ username, password }), credentials: 'omit' }));
    registered = username;
  }
  await signIn(username, password);
}

/** The text for an error as a whole; null for one that belongs to a field. @param {unknown} error */
function failureOf(error) {
  if (!(error instanceof ApiError)) return explain(error);
  if (error.code === 'session_ended') return 'You have signed out in another tab meanwhile. Sign in again.';
  if (error.status === 401) return 'The username or the password is wrong.';
  if (error.status === 429) return `Too many attempts. Try again at ${timeIn(error.retryAfter || 60)}.`;
  if (error.code === 'registration_closed') return 'Nobody can register here. Ask those who run this server for an account.';
  return error.status === 422 || error.status === 409 ? '' : explain(error);
}
