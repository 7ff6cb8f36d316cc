// @ts-check
// The account: its name, its password, its keys of providers, and its end.

import { call } from '../lib/api.js';
import { useFocusKept } from '../lib/focus.js';
import { html, useRef, useSignal } from '../lib/html.js';
import { attempt, notify } from '../lib/notices.js';
import { go } from '../lib/router.js';
import { changePassword, forget, signOut, user } from '../lib/session.js';
import { Dialog } from './dialog.js';
import { errorsOf, focusWrong, PasswordField, submitted } from './field.js';
import { PageBar } from './page-bar.js';
import { ProviderKeys } from './provider-keys.js';

/** The prefix of all keys that the page stores. */
const STORED_PREFIX = 'banyan-';

const SINCE = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });

export function AccountView() {
  const part = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusKept(part);
  const isLeaving = useSignal(false);
  if (!user.value) return null;
  const { username, created_at } = user.value;
  const leave = () => attempt(async () => end(await signOut()));
  return html`
    <${PageBar} title="Account" />
    <div class="scroll" ref=${part}>
      <div class="page account">
        <section class="card">
          <div class="grow">
            <h2 dir="auto">${username}</h2>
            <p class="muted">Since <time datetime=${created_at}>${SINCE.format(new Date(created_at))}</time></p>
          </div>
          <button type="button" onClick=${leave}>Sign out</button>
        </section>
        <${ChangePassword} username=${username} />
        <${ProviderKeys} />
        <section>
          <h2>Delete the account</h2>
          <p>All its chats go with it, and nothing can be restored.</p>
          <button type="button" class="danger" onClick=${() => (isLeaving.value = true)}>Delete the account...</button>
        </section>
        <p class="muted">For programmers: <a href="../docs">the documentation of the API</a></p>
      </div>
    </div>
    ${isLeaving.value && html`<${DeleteAccount} username=${username} close=${() => (isLeaving.value = false)} />`}
  `;
}

/** The next who signs in begins with the chats. @param {unknown} [_] */
const end = (_) => go({ name: 'chats' }, { replaces: true });

/** A field for the username, which password managers read beside that of a password. @param {{username: string}} props */
const HiddenName = ({ username }) => html`<input type="text" name="username" autocomplete="username" value=${username} readonly hidden />`;

/** @param {{username: string}} props */
function ChangePassword({ username }) {
  const errors = useSignal(/** @type {import('./field.js').Errors} */ ({}));
  const isBusy = useSignal(false);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const { current_password, new_password } = submitted(event);
    errors.value = missing({ current_password, new_password });
    isBusy.value = true;
    await attempt(() => change(current_password, new_password, form).catch((error) => (errors.value = errorsOf(error, WRONG('current_password')))));
    isBusy.value = false;
    focusWrong(form);
  };
  return html`
    <section>
      <h2>Change the password</h2>
      <form class="form" method="post" novalidate onSubmit=${submit}>
        <${HiddenName} username=${username} />
        <${PasswordField} label="Current password" name="current_password" errors=${errors.value} autocomplete="current-password" />
        <${PasswordField} label="New password" name="new_password" errors=${errors.value} autocomplete="new-password" hint="At least 8 characters. All other devices are signed out." />
        <div class="row"><button disabled=${isBusy}>Change the password</button></div>
      </form>
    </section>
  `;
}

/** The errors of a wrong password, at its field. @type {(field: string) => Record<string, [string, string]>} */
const WRONG = (field) => ({ wrong_password: [field, 'This is not your password.'] });

/** @param {Record<string, string>} fields */
const missing = (fields) => Object.fromEntries(Object.entries(fields).filter(([, text]) => !text).map(([name]) => [name, 'This is needed.']));

/**
 * @param {string} current_password
 * @param {string} new_password
 * @param {HTMLFormElement} form
 */
async function change(current_password, new_password, form) {
  if (!current_password || !new_password) return;
  await changePassword(current_password, new_password);
  form.reset();
  notify('The password was changed');
}

/** @param {{username: string, close: () => void}} props */
function DeleteAccount({ username, close }) {
  const errors = useSignal(/** @type {import('./field.js').Errors} */ ({}));
  const isBusy = useSignal(false);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    const form = event.currentTarget;
    const { password } = submitted(event);
    errors.value = missing({ password });
    isBusy.value = true;
    if (password) await attempt(() => destroy(password).catch((error) => (errors.value = errorsOf(error, WRONG('password')))));
    isBusy.value = false;
    focusWrong(form);
  };
  return html`
    <${Dialog} title="Delete the account?" close=${close}>
      <form class="form" method="post" novalidate onSubmit=${submit}>
        <p>The account “<span dir="auto">${username}</span>” goes with all its chats, their branches and messages, the deleted ones, and its keys of providers. Nobody can bring them back.</p>
        <${HiddenName} username=${username} />
        <${PasswordField} label="Your password" name="password" errors=${errors.value} autocomplete="current-password" />
        <div class="row end">
          <button type="button" onClick=${close}>Cancel</button>
          <button class="danger" disabled=${isBusy}>Delete the account</button>
        </div>
      </form>
    <//>
  `;
}

/** @param {string} password */
async function destroy(password) {
  await call('DELETE', 'auth/me', { body: { password } });
  for (const storage of [localStorage, sessionStorage]) {
    for (const key of Object.keys(storage)) if (key.startsWith(STORED_PREFIX)) storage.removeItem(key);
  }
  // Signing out drops the cookie, and tells the other tabs; the account has gone in any case.
  await signOut().catch(forget);
  end();
  notify('The account was deleted');
}
