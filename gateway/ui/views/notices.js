// @ts-check
// The notices, where they cover neither what is being written nor where.

import { useFocusKept } from '../lib/focus.js';
import { html, useRef, useSignal } from '../lib/html.js';
import { attempt, dismiss, notices } from '../lib/notices.js';

export function Notices() {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusKept(list);
  return html`
    <div ref=${list} class="notices" role="status" aria-live="polite">
      ${notices.value.map((notice) => html`<${OneNotice} key=${notice.id} notice=${notice} />`)}
    </div>
  `;
}

/** @param {{notice: import('../lib/notices.js').Notice}} props */
function OneNotice({ notice: { id, text, kind, action } }) {
  const isBusy = useSignal(false);
  const act = async () => {
    isBusy.value = true;
    // What failed may be tried again.
    if (await attempt(() => action?.run())) dismiss(id);
    isBusy.value = false;
  };
  return html`
    <div class="notice ${kind}">
      <span dir="auto">${text}</span>
      <div>
        ${action && html`<button type="button" class="quiet" disabled=${isBusy} onClick=${act}>${action.label}</button>`}
        <button type="button" class="icon" aria-label="Dismiss" onClick=${() => dismiss(id)}>×</button>
      </div>
    </div>
  `;
}
