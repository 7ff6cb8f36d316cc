// @ts-check
// The switch between the versions of a message. It says what they differ in: in the question, or in the answer to the same one.

import { html, useEffect, useSignal } from '../lib/html.js';
import { isCut } from '../lib/names.js';
import { attempt } from '../lib/notices.js';
import { chatId } from '../state/current.js';
import { versionsOf } from '../state/line-pages.js';
import { switchVersion } from '../state/line.js';
import { Icon } from './message-icons.js';

/** The kinds of versions, by message and count. @type {Map<string, 'Question' | 'Answer' | 'Version'>} */
const kinds = new Map();
/** One after the other is asked for, so that a line of many versions does not take the server's time. @type {Promise<unknown>} */
let queue = Promise.resolve();

/** @param {import('../state/line-pages.js').Version[]} versions */
function kindOf(versions) {
  const questions = new Set(versions.map(({ question_preview }) => question_preview));
  if (questions.size === versions.length) return 'Question';
  const [one] = questions;
  return questions.size === 1 && !isCut(one) ? 'Answer' : 'Version';
}

/** @param {import('../state/line-window.js').Message} message */
function useKind({ response_id, version_count }) {
  const name = `${response_id}/${version_count}`;
  const known = useSignal(kinds.get(name));
  useEffect(() => {
    let isWanted = true;
    known.value = kinds.get(name);
    const chat = chatId.peek();
    if (!known.value && chat) {
      queue = queue.then(async () => {
        if (!isWanted) return;
        kinds.set(name, kindOf(await versionsOf(chat, response_id)));
        known.value = kinds.get(name);
      }).catch(() => {});
    }
    return () => (isWanted = false);
  }, [name]);
  return known.value ?? 'Version';
}

/** @param {{message: import('../state/line-window.js').Message}} props */
export function Versions({ message }) {
  const { version, version_count } = message;
  const kind = useKind(message);
  const said = `${kind} ${version} of ${version_count}`;
  const to = (/** @type {1 | -1} */ step) => () => attempt(() => switchVersion(message, step));
  return html`
    <span class="versions" role="group" aria-label="Versions" title=${said}>
      <button type="button" class="icon" aria-label="Previous version" title="Previous version (left arrow)" disabled=${version === 1} onClick=${to(-1)}><${Icon} name="previous" /></button>
      <span aria-label=${said} role="img"><span class="word">${kind} </span>${version} / ${version_count}</span>
      <button type="button" class="icon" aria-label="Next version" title="Next version (right arrow)" disabled=${version === version_count} onClick=${to(1)}><${Icon} name="next" /></button>
    </span>
  `;
}
