// @ts-check
// The keys of the messages. They are for the message that has the focus, else for the last one that is seen.

import { addShortcuts, toField } from '../lib/keys.js';
import { attempt, notify } from '../lib/notices.js';
import { go, route } from '../lib/router.js';
import { line, showMessage, switchVersion } from '../state/line.js';
import { editing, openDialog, regenerate } from './message-actions.js';

/** @typedef {import('../state/line-window.js').Message} Message */

/**
 * @param {{lastVisible: () => HTMLElement | undefined}} place
 */
export function addLineKeys(place) {
  const focused = () => /** @type {HTMLElement | null} */ (document.activeElement?.closest('.message') ?? null);
  const current = () => {
    const id = (focused() ?? place.lastVisible())?.id;
    return line.peek().messages.find(({ response_id }) => `m-${response_id}` === id);
  };
  /** @param {(message: Message) => unknown} does */
  const on = (does) => () => {
    const message = current();
    if (message) void attempt(() => does(message));
  };
  /** @param {1 | -1} step */
  const move = (step) => () => {
    const from = focused();
    const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.messages > .message')]);
    const start = place.lastVisible();
    const next = from ? all[all.indexOf(from) + step] : start;
    next?.focus();
  };
  return addShortcuts([
    { key: 'j', does: 'Go to the next message', run: move(1) },
    { key: 'k', does: 'Go to the previous message', run: move(-1) },
    { key: 'ArrowLeft', does: 'Show the previous version of a message', run: on((message) => switchVersion(message, -1)) },
    { key: 'ArrowRight', does: 'Show the next version of a message', run: on((message) => switchVersion(message, 1)) },
    { key: 'b', does: 'Branch at a message', run: on((message) => openDialog('BranchDialog', message)) },
    { key: 'g', does: 'Go to where this branch begins', run: () => void showFork() },
    { key: 'e', does: 'Edit a question', run: on(({ response_id }) => (editing.value = response_id)) },
    { key: 'r', does: 'Regenerate an answer', run: on(regenerate) },
    { key: 'Escape', does: 'Go to the messages; close a menu or a dialog', run: () => (focused() ? null : place.lastVisible()?.focus()) },
    { key: 'c', does: 'Write a question', run: () => void toField() },
    { key: 't', does: 'Show or hide the tree', run: toggleTree },
  ]);
}

function toggleTree() {
  const now = route.peek();
  go({ ...now, panel: now.panel === 'tree' ? undefined : 'tree' });
}

/** Scrolls to where the shown branch has forked: to the message that it hangs on, or its first one where it forks before all. */
async function showFork() {
  const { branch } = line.peek();
  const message = branch?.parent_branch_id ? (branch.forked_from_response_id ?? branch.first_response_id) : null;
  if (message) await showMessage(message);
  else notify('This is the first branch: it has not forked from another.');
}
