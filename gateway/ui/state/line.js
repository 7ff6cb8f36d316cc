// @ts-check
// The line of the shown branch: a window of its messages, which moves as one scrolls. A line of 100,000 messages costs what one of ten costs.

import { ApiError, call } from '../lib/api.js';
import { batch, effect, signal, untracked } from '../lib/html.js';
import { attempt, explain, notify } from '../lib/notices.js';
import { placeOf } from '../lib/reading-place.js';
import { go, route } from '../lib/router.js';
import { branchId, chatId, isLineRead, touch } from './current.js';
import { around, newest, versionBeside } from './line-pages.js';

/** @typedef {import('./line-window.js').Message} Message */

/** From this width on, in CSS pixels, a panel stays open beside the line when another branch is switched to. */
const WIDE = '(min-width: 1101px)';

/**
 * @typedef {Pick<import('../lib/outline.js').Branch, 'branch_id' | 'parent_branch_id' | 'forked_from_response_id' | 'fork_depth' | 'name' | 'first_response_id' |
 *   'head_response_id' | 'preview' | 'message_count'>} Branch
 *
 * @typedef {object} Line
 * @property {string | null} chat
 * @property {string | null} id The branch whose line it is, null before any is read.
 * @property {Branch | null} branch
 * @property {Message[]} messages Oldest first, without gaps.
 * @property {boolean} newer Whether there are messages after these.
 * @property {boolean} busy Whether another line is being read, to take the place of this one.
 * @property {string | null} failed Why the line could not be read.
 *
 * @typedef {object} Landing Where the view is to go: to a message, else to the end.
 * @property {string} [message]
 * @property {number} [top] How far below the upper edge, in pixels, where one has read there before: then nothing is focused or marked.
 * @property {string} [focus] The message whose versions were switched, which keeps the focus.
 */

/** @type {Line} */
const NOTHING = { chat: null, id: null, branch: null, messages: [], newer: false, busy: true, failed: null };

/** The shown line. */
export const line = signal(NOTHING);
/** The place to scroll to next. A new object each time, also for the same place. */
export const landing = signal(/** @type {Landing} */ ({}));

/** The request that reads the line, aborted by the next. */
let opening = new AbortController();
/** The signal that is aborted when another line is read. */
export const aborted = () => opening.signal;
/** The message that the route named when it was last followed. @type {string | undefined} */
let arrivedAt;
/** The message that is to have the focus after the next switch. @type {string | undefined} */
let focusNext;

/** Follows the route; returns a function that ends that. */
export function watchLine() {
  const stop = effect(() => {
    const [chat, branch, { message }] = [chatId.value, branchId.value, route.value];
    if (chat && branch) untracked(() => arrive(chat, branch, message));
    else untracked(() => (line.value = NOTHING));
  });
  return () => {
    stop();
    opening.abort();
    line.value = NOTHING;
  };
}

/**
 * @param {string} chat
 * @param {string} branch
 * @param {string} [message]
 */
function arrive(chat, branch, message) {
  const isNew = message !== arrivedAt;
  arrivedAt = message;
  if (line.peek().id !== branch) void open(chat, branch, message, placeOf(branch));
  else if (message && isNew) void showMessage(message);
}

/**
 * Reads a line: its end, or what is around a message. Of a message that lies on another line, that one is gone to.
 * @param {string} chat
 * @param {string} branch
 * @param {string} [named] The message that a link names.
 * @param {import('../lib/reading-place.js').ReadingPlace} [place] Where one was, which counts more.
 */
async function open(chat, branch, named, place) {
  opening.abort();
  opening = new AbortController();
  const { signal } = opening;
  const known = line.peek();
  line.value = { ...(known.chat === chat ? known : NOTHING), busy: true, failed: null };
  const message = place?.message ?? named;
  const focus = focusNext;
  focusNext = undefined;
  try {
    const [found, info] = await Promise.all([
      message ? around(chat, branch, message, signal) : newest(chat, branch, signal),
      call('GET', `branches/get-branch/${branch}`, { signal }),
    ]);
    if (signal.aborted) return;
    if ('elsewhere' in found) return go({ ...route.peek(), branch: found.elsewhere, message }, { replaces: true });
    batch(() => {
      line.value = { chat, id: branch, branch: info, ...found, busy: false, failed: null };
      landing.value = { message, top: place?.top, focus };
      isLineRead.value = true;
    });
  } catch (error) {
    if (signal.aborted) return;
    if (place) void open(chat, branch, named);
    else if (message && error instanceof ApiError && error.code === 'message_not_found') leaveMessage(chat, branch);
    else fail(error, chat, branch);
  }
}

/**
 * @param {string} chat
 * @param {string} branch
 */
function leaveMessage(chat, branch) {
  notify('This message is not there, or was deleted. This is the end of the branch.');
  go({ ...route.peek(), message: undefined }, { replaces: true });
  void open(chat, branch);
}

/**
 * @param {unknown} error
 * @param {string} chat
 * @param {string} branch
 */
export function fail(error, chat, branch) {
  line.value = { ...NOTHING, chat, id: branch, busy: false, failed: explain(error) };
  isLineRead.value = true;
  const isGone = error instanceof ApiError && error.status === 404;
  if (!isGone || !route.peek().branch) return;
  notify('This branch is not there, or was deleted. This is the one that is active now.');
  go({ name: 'chat', chat }, { replaces: true });
}

/** Reads the line again after it has failed. */
export function retry() {
  const [chat, branch] = [chatId.peek(), branchId.peek()];
  if (chat && branch) void open(chat, branch, route.peek().message, placeOf(branch));
}

/**
 * Switches to another version of a message, and so to where one last was on that side.
 * @param {Message} message
 * @param {1 | -1} step
 */
export async function switchVersion({ response_id, version: place, version_count }, step) {
  const chat = chatId.peek();
  if (!chat || place + step < 1 || place + step > version_count) return;
  const other = await versionBeside(chat, response_id, step);
  if (!other) return;
  // With a mouse, the focus goes to no message: its keys are not meant.
  if (document.querySelector(':focus-visible')) focusNext = other.response_id;
  await switchTo(other.open_branch_id);
}

/**
 * Shows a branch's line, and records it as the chat's active one.
 * @param {string} branch
 * @param {{message?: string}} [options] The message to land at, else the end.
 */
export async function switchTo(branch, { message } = {}) {
  const { chat, ...shown } = route.peek();
  if (!chat) return;
  const panel = matchMedia(WIDE).matches ? { panel: shown.panel, left: shown.left, right: shown.right } : {};
  go({ name: 'chat', chat, branch, message, ...panel });
  await attempt(async () => {
    await call('PUT', 'branches/set-active-branch', { body: { chat_id: chat, branch_id: branch } });
    touch();
  });
}

/**
 * Scrolls to a message of the shown line, and loads what is around it.
 * @param {string} message
 */
export async function showMessage(message) {
  const [chat, branch] = [chatId.peek(), branchId.peek()];
  if (!chat || !branch) return;
  if (line.peek().messages.some((one) => one.response_id === message)) landing.value = { message };
  else await open(chat, branch, message);
}

/** Goes to the end of the line. */
export async function showEnd() {
  const [chat, branch] = [chatId.peek(), branchId.peek()];
  if (line.peek().newer && chat && branch) await open(chat, branch);
  else landing.value = {};
}
