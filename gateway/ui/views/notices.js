// @ts-check
// The notices, where they cover neither what is being written nor where.

import { html, useEffect, useRef, useSignal } from '../lib/html.js';
import { attempt, dismiss, notices } from '../lib/notices.js';
import { untilLoaded } from '../lib/preload.js';

export function Notices() {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusKeptLater(list);
  return html`
    <div ref=${list} class="notices" role="status" aria-live="polite">
      ${notices.value.map((notice) => html`<${OneNotice} key=${notice.id} notice=${notice} />`)}
    </div>
  `;
}

/**
 * Keeps the focus in the list from the first notice on; what does that is loaded then.
 * @param {{current: HTMLElement | null}} list
 */
function useFocusKeptLater(list) {
  const isUsed = useRef(false);
  isUsed.current ||= notices.value.length > 0;
  useEffect(() => {
    if (isUsed.current) void untilLoaded(() => import('../lib/focus.js')).then(({ keepFocusIn }) => list.current && keepFocusIn(list.current));
  }, [isUsed.current]);
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
