// @ts-check
// The ending of an answer that has not ended by itself, in words and with what to do.

import { html } from '../lib/html.js';
import { regenerate } from './message-actions.js';

/** @typedef {import('../state/line-window.js').Message} Message */

/** The meanings of the codes of failed answers. */
const FAILURES = {
  provider_auth: 'The provider of the model refuses the key. Check the key in the account, or choose another model.',
  provider_rate_limited: 'The provider limits requests, or its quota is used up. Regenerate the answer in a while.',
  provider_unavailable: 'The provider could not be reached, or broke off. Regenerate the answer.',
  provider_rejected: 'The provider refuses this request. Choose another model, or edit the question.',
  context_too_long: 'This branch is too long for the model. Choose one with a larger window, or let the chat leave out its oldest messages.',
  timed_out: 'The model said nothing for too long. Regenerate the answer.',
  model_not_found: 'This model is not offered any more. Choose another one, and regenerate the answer.',
  service_unavailable: 'The messages before could not be read. Regenerate the answer.',
};

/** @param {import('../state/line-window.js').Generation} generation */
function words({ status, finish_reason, error }) {
  if (status === 'stopped') return 'The answer was stopped here. Regenerate it to have all of it.';
  if (status === 'interrupted') return 'The answer was lost half way. Regenerate it to have all of it.';
  if (status === 'incomplete') return finish_reason === 'content_filter' ? 'A filter of the provider cut the answer off. Edit the question.' : 'The answer was cut off, as it reached the longest length. Ask the model to go on.';
  if (status === 'failed') return FAILURES[/** @type {keyof typeof FAILURES} */ (error?.code)] ?? 'The answer has failed. Regenerate it.';
  return '';
}

/** @param {{message: Message}} props */
export function Ending({ message }) {
  const { generation } = message;
  if (!generation) return null;
  const text = words(generation);
  const dropped = generation.dropped_messages ?? 0;
  return html`
    ${dropped > 0 && html`<p class="muted note">The branch was too long for the model: it was not told the oldest ${dropped === 1 ? 'message' : `${dropped} messages`}.</p>`}
    ${text && html`
      <div class=${generation.status === 'failed' ? 'ending failed' : 'ending'}>
        <p>${text}</p>
        <button type="button" onClick=${() => regenerate(message)}>Regenerate</button>
      </div>
    `}
  `;
}
