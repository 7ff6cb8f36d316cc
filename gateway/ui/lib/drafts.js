// @ts-check
// Drafts: texts that are not sent yet. They survive a reload. A chat has one draft, which stays in the field when one goes
// from branch to branch.

import { signal } from './html.js';

const PREFIX = 'banyan-draft:';
/** The pause after the last key before a draft is stored, in milliseconds. */
const PAUSE_MS = 250;

/** Drafts that are not stored yet. @type {Map<string, string>} */
const pending = new Map();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * @param {string} id A chat's, or any other name of what is being written.
 */
export const readDraft = (id) => pending.get(id) ?? localStorage.getItem(PREFIX + id) ?? '';

/**
 * Keeps a draft; an empty one is forgotten at once.
 * @param {string} id
 * @param {string} text
 */
export function keepDraft(id, text) {
  pending.set(id, text);
  clearTimeout(timer);
  // What was asked is no draft any more, even if the page is gone the next moment.
  if (text) timer = setTimeout(store, PAUSE_MS);
  else store();
}

/** Rises when a draft was changed by other means than its field. */
export const recalls = signal(0);

/**
 * Puts a text back into a draft, before what is written there.
 * @param {string} id
 * @param {string} text
 */
export function recall(id, text) {
  const rest = readDraft(id);
  keepDraft(id, rest ? `${text}\n\n${rest}` : text);
  recalls.value++;
}

/** Stores what is pending. Where the storage is full, a draft lasts as long as the page. */
function store() {
  for (const [id, text] of pending) {
    try {
      if (text) localStorage.setItem(PREFIX + id, text);
      else localStorage.removeItem(PREFIX + id);
      pending.delete(id);
    } catch {
      return;
    }
  }
}

addEventListener('pagehide', store);
document.addEventListener('visibilitychange', store);
