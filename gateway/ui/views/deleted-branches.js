// @ts-check
// The panel of deleted branches, which can be restored until they are purged.

import { call, page } from '../lib/api.js';
import { useFocusKept, useFocusReturned } from '../lib/focus.js';
import { html, useEffect, useRef, useSignal } from '../lib/html.js';
import { attempt, notify } from '../lib/notices.js';
import { hrefOf, route } from '../lib/router.js';
import { fullTime, shortTime } from '../lib/times.js';
import { untilTime } from '../lib/until.js';
import { chatId, revision } from '../state/current.js';
import { restore } from './branch-actions.js';
import { Confirm } from './dialog.js';

/** @typedef {{branch_id: string, name: string | null, deleted_at: string, purge_at: string, branch_count: number}} Deleted */

const PAGE_SIZE = 50;

export default function DeletedBranches() {
  const found = useSignal(/** @type {Deleted[] | null} */ (null));
  const next = useSignal(/** @type {string | null} */ (null));
  const part = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusKept(part);
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusReturned(heading, true);
  const [chat, changes] = [chatId.value, revision.value];
  const read = (/** @type {string | null} */ cursor, /** @type {AbortSignal} */ signal) =>
    attempt(async () => {
      const got = await page('branches/deleted-branches', { chat_id: chat, limit: PAGE_SIZE, cursor: cursor ?? undefined }, signal);
      found.value = cursor ? [...(found.peek() ?? []), ...got.body] : got.body;
      next.value = got.next;
    });
  useEffect(() => {
    const ending = new AbortController();
    void read(null, ending.signal);
    return () => ending.abort();
  }, [chat, changes]);
  const drop = (/** @type {string} */ branch) => (found.value = found.peek()?.filter(({ branch_id }) => branch_id !== branch) ?? null);
  const withoutPanel = hrefOf({ ...route.value, panel: undefined });
  return html`
    <div class="bar">
      <a class="button icon back" href=${withoutPanel} aria-label="Back to the chat">←</a>
      <h1 ref=${heading} tabindex="-1">Deleted branches</h1>
      <a class="button icon" href=${hrefOf({ ...route.value, panel: 'tree' })}>Tree</a>
      <a class="button icon close" href=${withoutPanel} aria-label="Close the deleted branches">×</a>
    </div>
    <div class="scroll" ref=${part}>
      ${!found.value && html`<p class="loading" role="status">Reading what was deleted</p>`}
      ${found.value?.length === 0 && html`<p class="empty">Nothing is deleted in this chat. A branch that you delete is kept here, and can be restored until the date that is shown with it.</p>`}
      <ul class="bare-list">${found.value?.map((deleted) => html`<${OneDeleted} key=${deleted.branch_id} deleted=${deleted} drop=${drop} />`)}</ul>
      ${next.value && html`<p class="compare-more"><button type="button" onClick=${() => read(next.value, new AbortController().signal)}>Show more</button></p>`}
    </div>
  `;
}

/** @param {{deleted: Deleted, drop: (branch: string) => void}} props */
function OneDeleted({ deleted: { branch_id, name, deleted_at, purge_at, branch_count }, drop }) {
  const isAsking = useSignal(false);
  const isBusy = useSignal(false);
  const title = name ?? 'A branch without a name';
  const quoted = name === null ? 'the branch' : `“${name}”`;
  const bringBack = async () => {
    isBusy.value = true;
    const isBack = await attempt(() => restore(branch_id));
    isBusy.value = false;
    if (!isBack) return;
    drop(branch_id);
    notify(`Restored ${quoted}`, { about: [branch_id] });
  };
  const destroy = async () => {
    await call('DELETE', `branches/delete-branch/${branch_id}`, { query: { permanent: true } });
    // After the dialog has given the focus back.
    setTimeout(() => drop(branch_id));
    notify(`Destroyed ${quoted}`, { about: [branch_id] });
  };
  return html`
    <li class="deleted-branch">
      <div class="grow">
        <p class=${name === null ? 'branch-title unnamed' : 'branch-title'} dir="auto">${title}</p>
        <p class="muted">
          ${branch_count > 1 && `With ${branch_count - 1 === 1 ? '1 branch' : `${(branch_count - 1).toLocaleString()} branches`} on it. `}
          Deleted <time datetime=${deleted_at} title=${fullTime(deleted_at)}>${shortTime(deleted_at)}</time>. It can be restored until <time datetime=${purge_at}>${untilTime(purge_at)}</time>.
        </p>
      </div>
      <div class="row">
        <button type="button" disabled=${isBusy} onClick=${bringBack} aria-label=${`Restore ${title}`}>Restore</button>
        <button type="button" class="danger quiet" onClick=${() => (isAsking.value = true)} aria-label=${`Destroy ${title}`}>Destroy...</button>
      </div>
      ${isAsking.value && html`
        <${Confirm} title=${`Destroy ${quoted}?`} action="Destroy for good" run=${destroy} close=${() => (isAsking.value = false)}>
          <p>Its messages are gone then${branch_count > 1 ? ', with all that grew on it' : ''}. This cannot be undone.</p>
        <//>
      `}
    </li>
  `;
}
