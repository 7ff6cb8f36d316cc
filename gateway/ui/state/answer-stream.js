// @ts-check
// The stream of one answer: what is heard of it is shown once a frame, and where the connection breaks it is heard on from there.

import { ApiError, send } from '../lib/api.js';
import { readEvents } from '../lib/events.js';
import { signal } from '../lib/html.js';

/** @typedef {import('./line-window.js').Message} Message */

/** A stream on which not even a comment comes for so long is broken; comments come every 15 s. */
const SILENCE_MS = 30_000;

/** A text of more characters is shown anew less often than once a frame. */
const LONG_TEXT = 20_000;
const LONG_TEXT_PAUSE_MS = 100;

/**
 * @typedef {object} Run An answer under way.
 * @property {string} key What names it on this page: the idempotency key of its question, or its id.
 * @property {string} id The id of the message that it becomes.
 * @property {string} chat
 * @property {string} branch The branch on whose line it was asked.
 * @property {string | null} parent The message that it follows.
 * @property {string} question
 * @property {string} model
 * @property {number | null} seq The id of the last event that was heard.
 * @property {{text: string, reasoning: string}} heard What was said so far.
 * @property {import('../vendor/signals.js').Signal<{text: string, reasoning: string}>} shown The same, as of the last frame.
 * @property {import('../vendor/signals.js').Signal<'running' | 'broken' | 'stopping' | 'storing'>} state
 * @property {boolean} isDue Whether the next frame shows it anew.
 *
 * @typedef {{status: string, error: {code: string} | null, message: Message | null}} Ending
 */

/**
 * @param {Pick<Run, 'key' | 'id' | 'chat' | 'branch' | 'parent' | 'question' | 'model'> & {text?: string, seq?: number | null}} found
 * @returns {Run}
 */
export function makeRun({ text = '', seq = null, ...fields }) {
  const heard = { text, reasoning: '' };
  return { ...fields, seq, heard, shown: signal({ ...heard }), state: signal(/** @type {any} */ ('running')), isDue: false };
}

/**
 * A stream whose first events were read already.
 * @param {import('../lib/events.js').ServerEvent[]} first
 * @param {AsyncIterable<import('../lib/events.js').ServerEvent[]>} rest
 */
export async function* resumed(first, rest) {
  yield first;
  yield* rest;
}

/**
 * Hears events until the answer or the stream ends; null for the latter.
 * @param {Run} run
 * @param {AsyncIterable<import('../lib/events.js').ServerEvent[]> | null} opened
 * @returns {Promise<Ending | null>}
 */
export async function listen(run, opened) {
  for await (const events of opened ?? (await reopen(run))) {
    if (run.state.peek() === 'broken') run.state.value = 'running';
    for (const { event, id, data } of events) {
      const ending = hear(run, event, Number(id), JSON.parse(data));
      if (ending) return ending;
    }
  }
  return null;
}

/** @param {Run} run */
async function reopen(run) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'text/event-stream' };
  if (run.seq !== null) headers['Last-Event-ID'] = String(run.seq);
  return eventsOf(await send('GET', `answers/stream-answer/${run.id}`, { headers }));
}

/** The events of a response. @param {Response} response */
export function eventsOf({ body }) {
  if (!body) throw new ApiError(0, null);
  return readEvents(body, SILENCE_MS);
}

/**
 * @param {Run} run
 * @param {string} event
 * @param {number} id
 * @param {any} data
 * @returns {Ending | null}
 */
function hear(run, event, id, data) {
  run.seq = id;
  if (event === 'done' || event === 'failed') return data;
  if (event === 'delta') run.heard.text += data.text;
  else if (event === 'reasoning') run.heard.reasoning += data.text;
  else if (event === 'snapshot') run.heard.text = data.text;
  else return null;
  if (run.isDue) return null;
  run.isDue = true;
  const show = () => {
    run.isDue = false;
    run.shown.value = { ...run.heard };
  };
  setTimeout(() => requestAnimationFrame(show), run.heard.text.length > LONG_TEXT ? LONG_TEXT_PAUSE_MS : 0);
  return null;
}

/**
 * Waits; the connection that comes back ends it.
 * @param {number} ms
 */
export const sleep = (ms) =>
  new Promise((done) => {
    const wake = () => {
      clearTimeout(timer);
      removeEventListener('online', wake);
      done(undefined);
    };
    const timer = setTimeout(wake, ms);
    addEventListener('online', wake);
  });
