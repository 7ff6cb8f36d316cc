// @ts-check
// The user's own keys for the providers of models, where the deployment takes them.

import { ApiError, call } from '../lib/api.js';
import { html, useSignal } from '../lib/html.js';
import { attempt, notify } from '../lib/notices.js';
import { errorsOf, Field, focusWrong, submitted } from './field.js';

/** @typedef {{provider: string, has_key: boolean, key_hint: string | null}} Provider */

/** Asks only when it is told to: most deployments have no such keys, and browsers report each 404 in their console. */
export function ProviderKeys() {
  const providers = useSignal(/** @type {Provider[] | null} */ (null));
  const isBusy = useSignal(false);
  const read = async () => {
    isBusy.value = true;
    await attempt(async () => (providers.value = await readProviders()));
    isBusy.value = false;
  };
  const take = (/** @type {Provider} */ changed) => (providers.value = (providers.peek() ?? []).map((one) => (one.provider === changed.provider ? changed : one)));
  return html`
    <section>
      <h2>Keys of providers</h2>
      <p>Where this server allows it, your questions go to a provider of models with a key of your own. A key can be replaced, but is never shown again.</p>
      <div class="form" role="status">
        ${providers.value?.length === 0 && html`<p class="muted">This server takes no keys of its users: it has its own.</p>`}
        ${providers.value?.map((provider) => html`<${KeyForm} key=${provider.provider} provider=${provider} take=${take} />`)}
      </div>
      ${!providers.value && html`<button type="button" disabled=${isBusy} onClick=${read}>Show my keys of providers</button>`}
    </section>
  `;
}

/** @returns {Promise<Provider[]>} */
async function readProviders() {
  try {
    return await call('GET', 'providers/get-providers');
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

/** @param {{provider: Provider, take: (changed: Provider) => void}} props */
function KeyForm({ provider: { provider, has_key, key_hint }, take }) {
  const errors = useSignal(/** @type {import('./field.js').Errors} */ ({}));
  const path = `providers/set-key/${encodeURIComponent(provider)}`;
  const store = async (/** @type {SubmitEvent} */ event) => {
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const { api_key } = submitted(event);
    errors.value = {};
    const work = async () => {
      take(await call('PUT', path, { body: { api_key } }));
      form.reset();
      notify(`The key for ${provider} was stored`);
    };
    await attempt(() => work().catch((error) => (errors.value = errorsOf(error))));
    focusWrong(form);
  };
  const remove = () =>
    attempt(async () => {
      await call('DELETE', path);
      take({ provider, has_key: false, key_hint: null });
      notify(`The key for ${provider} was removed`);
    });
  const hint = has_key ? `A key is stored${key_hint ? `: ${key_hint}` : ''}.` : 'No key is stored.';
  return html`
    <form class="form" onSubmit=${store}>
      <${Field} label="Key for ${provider}" name="api_key" type="password" autocomplete="off" spellcheck=${false} required errors=${errors.value} hint=${hint}
        after=${html`<button>${has_key ? 'Replace' : 'Store'}</button>${has_key && html`<button type="button" class="danger" onClick=${remove}>Remove</button>`}`} />
    </form>
  `;
}
