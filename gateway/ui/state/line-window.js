// @ts-check
// The part of a line that is loaded: messages without a gap, oldest first. Pure, and the same for every way in which it moves.

/**
 * @typedef {object} Message
 * @property {string} response_id
 * @property {string} chat_id
 * @property {string} branch_id
 * @property {number} depth From 1 along the line, without gaps.
 * @property {string | null} parent_response_id
 * @property {string} question
 * @property {string} response
 * @property {string} timestamp
 * @property {string[]} branches
 * @property {number} branch_count
 * @property {number} version
 * @property {number} version_count
 * @property {boolean} inherited
 * @property {string | null} copied_from
 * @property {Generation | null} generation
 *
 * @typedef {object} Generation
 * @property {string} model
 * @property {string} status
 * @property {string | null} finish_reason
 * @property {{code: string} | null} error
 * @property {number | null} [dropped_messages]
 */

/** The most messages that are loaded at once. Those beyond it are dropped at the far side, and read again when they are scrolled to. */
export const WINDOW_SIZE = 200;

/**
 * Joins a page with the window, where the two touch or overlap; null where there is a gap between them. A message that is the same as before keeps
 * its identity, so that it is not rendered again.
 * @param {Message[]} window
 * @param {Message[]} page Oldest first.
 * @returns {Message[] | null}
 */
export function merge(window, page) {
  if (window.length === 0 || page.length === 0) return window.length === 0 ? page : window;
  const [first, last] = [window[0].depth, window[window.length - 1].depth];
  const [from, to] = [page[0].depth, page[page.length - 1].depth];
  if (from > last + 1 || to < first - 1) return null;
  const joined = page.map((message) => {
    const known = window[message.depth - first];
    return known && isSame(known, message) ? known : message;
  });
  const before = window.slice(0, Math.max(0, from - first));
  const after = window.slice(Math.max(0, to + 1 - first));
  return [...before, ...joined, ...after];
}

/**
 * Whether a message is as it was. Its texts and its answer's record never change.
 * @param {Message} a
 * @param {Message} b
 */
function isSame(a, b) {
  return (
    a.response_id === b.response_id && a.version === b.version && a.version_count === b.version_count &&
    a.branch_count === b.branch_count && a.inherited === b.inherited && String(a.branches) === String(b.branches)
  );
}

/**
 * Drops what is too much: the newest messages where older ones were loaded, else the oldest.
 * @param {Message[]} window
 * @param {'older' | 'newer'} loaded
 */
export function trim(window, loaded) {
  if (window.length <= WINDOW_SIZE) return window;
  return loaded === 'older' ? window.slice(0, WINDOW_SIZE) : window.slice(-WINDOW_SIZE);
}

/**
 * Whether what follows a message can be shown below the window: the window holds it, or begins right after it. Null stands for the start of the line.
 * @param {Message[]} window
 * @param {string | null} parent
 */
export const holdsParent = (window, parent) => window[0]?.parent_response_id === parent || (window.length === 0 && parent === null) || window.some(({ response_id }) => response_id === parent);

/**
 * The messages up to a parent; null stands for the start of the line. Where the parent is none of them, all of them.
 * @param {Message[]} window
 * @param {string | null} parent
 */
export function upTo(window, parent) {
  const after = window.findIndex((message) => message.parent_response_id === parent);
  return after < 0 ? window : window.slice(0, after);
}
