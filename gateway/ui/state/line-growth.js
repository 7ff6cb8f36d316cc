// @ts-check
// The growth of the loaded part of a line, by pages on both sides as one scrolls.

import { attempt } from '../lib/notices.js';
import { chatId } from './current.js';
import { aborted, line } from './line.js';
import { beginning, ending } from './line-pages.js';
import { merge, trim } from './line-window.js';

/** After a page could not be read, the next attempt waits for so long. */
const FAILURE_PAUSE_MS = 5_000;

/** @type {Promise<void> | null} */
let extending = null;

/**
 * Loads the page before or after the window, one at a time.
 * @param {'older' | 'newer'} side
 */
export function extend(side) {
  extending ??= attempt(() => readBeside(side)).then((isDone) => {
    setTimeout(() => (extending = null), isDone ? 0 : FAILURE_PAUSE_MS);
  });
}

/** @param {'older' | 'newer'} side */
async function readBeside(side) {
  const { id, messages, newer } = line.peek();
  const chat = chatId.peek();
  const edge = side === 'older' ? messages[0] : messages.at(-1);
  if (!chat || !id || !edge || (side === 'older' ? edge.depth <= 1 : !newer)) return;
  const signal = aborted();
  const found = side === 'older' ? await ending(chat, id, edge.depth - 1, signal) : await beginning(chat, id, edge.depth + 1, signal);
  const now = line.peek();
  const joined = merge(now.messages, found.messages);
  if (signal.aborted || now.id !== id || !joined) return;
  const kept = trim(joined, side);
  const hasNewer = side === 'newer' ? found.newer : now.newer || kept.length < joined.length;
  line.value = { ...now, messages: kept, newer: hasNewer };
}

/** The depth of the message that is being read, which the view tells, so that what is reread is what is seen. */
export const seen = { depth: 0 };
