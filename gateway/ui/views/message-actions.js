// @ts-check
// Actions on a message, for its buttons, its menu and the keyboard.

import { newKey, send } from '../lib/api.js';
import { signal } from '../lib/html.js';
import { backToField } from '../lib/keys.js';
import { attempt } from '../lib/notices.js';
import { withViews } from '../lib/preload.js';
import { hrefOf } from '../lib/router.js';
import { branchId, chat, chatId } from '../state/current.js';
import { model } from '../state/models.js';
import { answering, followed } from '../state/runs.js';

/** @typedef {import('../state/line-window.js').Message} Message */

/** The message whose question is being edited, by its id. */
export const editing = signal(/** @type {string | null} */ (null));
/** The dialog that is open, and the message that it is about. */
export const dialog = signal(/** @type {{View: (props: {message: Message}) => any, message: Message} | null} */ (null));

/**
 * Opens a dialog about a message. Its module is loaded when it is first needed.
 * @param {'BranchDialog' | 'PickDialog'} name
 * @param {Message} message
 */
export const openDialog = (name, message) =>
  attempt(async () => {
    const { [name]: View } = await withViews(import('./message-dialogs.js'), 'panel');
    dialog.value = { View, message };
  });

/**
 * Asks the question of a message again, for another version of it.
 * @param {Message} message
 */
export const regenerate = ({ response_id, question }) =>
  attempt(async () => {
    const [id, branch, key] = [chatId.peek(), branchId.peek(), newKey()];
    if (!id || !branch) return;
    backToField();
    const { begin } = await answering();
    const body = { response_id, chat_id: id, model: model.peek() };
    const response = await send('POST', 'answers/regenerate-answer', { body, key, headers: { Accept: 'text/event-stream' } });
    followed.value = key;
    await begin(response, { key, branch, question });
  });

/**
 * Makes a chat of the line up to a message, and goes there.
 * @param {Message} message
 */
export const forkAt = ({ response_id }) =>
  attempt(async () => {
    const [id, branch] = [chatId.peek(), branchId.peek()];
    if (!id || !branch) return;
    const { forkChat } = await import('../state/chats.js');
    await forkChat({ chat_id: id, branch_id: branch, response_id });
  });

/** @param {Message} message */
export function linkTo({ response_id }) {
  const [id, branch] = [chat.peek()?.chat_id, branchId.peek()];
  return id && branch ? new URL(hrefOf({ name: 'chat', chat: id, branch, message: response_id }), location.href).href : '';
}
