// @ts-check
// Modal dialogs. The browser keeps the focus inside, closes on Escape, and gives the focus back to where it was.

import { useFocusKept } from '../lib/focus.js';
import { html, useId, useLayoutEffect, useRef, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';

/**
 * A modal dialog, open as long as it is shown. The first control of `children`, or the one with `autofocus`, gets the focus.
 * @param {{title: string, close: () => void, children?: any}} props
 */
export function Dialog({ title, close, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const titleId = useId();
  useFocusKept(dialog);
  useLayoutEffect(() => {
    dialog.current?.showModal();
    return () => {
      const selection = getSelection();
      // Chromium gives a field the focus back without its caret, so that nothing can be typed, while the caret is in what is removed.
      if (dialog.current?.contains(selection?.anchorNode ?? null)) selection?.removeAllRanges();
      // Closed before it is removed: only then does the browser give the focus back.
      dialog.current?.close();
    };
  }, []);
  // The dialog closes by no longer being shown, so that there is one truth of whether it is open.
  const cancel = (/** @type {Event} */ event) => {
    if (event.target !== dialog.current) return;
    event.preventDefault();
    close();
  };
  // The close button comes last, so that the focus begins with what the dialog is for.
  return html`
    <dialog ref=${dialog} class="dialog" aria-labelledby=${titleId} closedby="any" onCancel=${cancel}>
      <h2 id=${titleId}>${title}</h2>
      ${children}
      <button type="button" class="icon close" aria-label="Close" onClick=${close}>×</button>
    </dialog>
  `;
}

/**
 * Asks before something that cannot be undone. Stays open where `run` fails, which is told as a notice.
 * @param {{title: string, action: string, run: () => unknown, close: () => void, children?: any}} props `action` is what its button says.
 */
export function Confirm({ title, action, run, close, children }) {
  const isBusy = useSignal(false);
  const confirm = async () => {
    isBusy.value = true;
    if (await attempt(run)) close();
    else isBusy.value = false;
  };
  return html`
    <${Dialog} title=${title} close=${close}>
      <div class="form">
        ${children}
        <div class="row end">
          <button type="button" onClick=${close}>Cancel</button>
          <button type="button" class="danger" disabled=${isBusy} onClick=${confirm}>${action}</button>
        </div>
      </div>
    <//>
  `;
}
