// @ts-check
// The user's own keys for the providers of models, where the deployment takes them.

import { call, checked, reach } from '../lib/api.js';
import { html, useEffect, useSignal } from '../lib/html.js';
import { attempt, notify } from '../lib/notices.js';
import { errorsOf, Field, focusWrong, submitted } from './field.js';

/** @typedef {{provider: string, has_key: boolean, key_hint: string | null}} Provider */

/** The route of the keys. The OpenAPI document has it where the deployment takes keys; asking without that would put a 404 into the console. */
const KEYS = 'providers/get-providers';
const DOCUMENT = new URL('../openapi.json', document.baseURI);

export function ProviderKeys() {
  const providers = useSignal(/** @type {Provider[]} */ ([]));
  useEffect(() => {
    const ending = new AbortController();
    void attempt(async () => {
      if (await areTaken(ending.signal)) providers.value = await call('GET', KEYS, { signal: ending.signal });
    });
    return () => ending.abort();
  }, []);
  const take = (/** @type {Provider} */ changed) => (providers.value = providers.peek().map((one) => (one.provider === changed.provider ? changed : one)));
  if (providers.value.length === 0) return null;
  return html`
    <section>
      <h2>Keys of providers</h2>
      <p>Your questions go to a provider of models with a key of your own, where you have stored one. A key can be replaced, but is never shown again.</p>
      <div class="form">${providers.value.map((provider) => html`<${KeyForm} key=${provider.provider} provider=${provider} take=${take} />`)}</div>
    </section>
  `;
}

/** @param {AbortSignal} signal */
async function areTaken(signal) {
  const response = await reach(DOCUMENT, { signal, credentials: 'omit' });
  const { paths } = await (await checked(response)).json();
  return `/api/v1/${KEYS}` in paths;
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
