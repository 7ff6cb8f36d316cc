// @ts-check
// The notices, at the lower edge of the page.

import { html } from '../lib/html.js';
import { attempt, dismiss, notices } from '../lib/notices.js';

export const Notices = () => html`
  <div class="notices" role="status" aria-live="polite">
    ${notices.value.map((notice) => html`<${OneNotice} key=${notice.id} notice=${notice} />`)}
  </div>
`;

/** @param {{notice: import('../lib/notices.js').Notice}} props */
function OneNotice({ notice: { id, text, kind, action } }) {
  const act = () => {
    dismiss(id);
    void attempt(() => action?.run());
  };
  return html`
    <div class="notice ${kind}">
      <span>${text}</span>
      ${action && html`<button type="button" class="quiet" onClick=${act}>${action.label}</button>`}
      <button type="button" class="icon" aria-label="Dismiss" onClick=${() => dismiss(id)}>×</button>
    </div>
  `;
}
