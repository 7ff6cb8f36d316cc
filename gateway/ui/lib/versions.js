// @ts-check
// Branches that are versions of the same place in a chat, as edits and regenerated answers are, and what tells them apart. Pure.

import { titleOf } from './names.js';

/** @typedef {import('./outline.js').Branch} Branch */

/** The API cuts previews at so many characters: what goes on behind them may differ. */
const PREVIEW_LENGTH = 80;
/** A title that begins as another does for more characters than that begins where they differ. */
const SHARED_LENGTH = 16;

/**
 * @typedef {object} Version
 * @property {string} title How the branch begins; where others begin alike, from where it differs.
 * @property {string} text Which version it is, such as "Answer 2 of 3".
 */

/**
 * Finds the branches without a name that begin with another version of a message.
 * @param {Map<string, Branch>} branches
 * @returns {Map<string, Version>}
 */
export function versionsOf(branches) {
  /** @type {Map<string, Branch[]>} */
  const places = new Map();
  for (const branch of branches.values()) {
    if (!branch.parent_branch_id || !branch.first_response_id) continue;
    const place = `${branch.parent_branch_id} ${branch.forked_from_response_id}`;
    const there = places.get(place);
    if (there) there.push(branch);
    else places.set(place, [branch]);
  }
  /** @type {Map<string, Version>} */
  const versions = new Map();
  for (const there of places.values()) tellApart(there, branches.get(there[0].parent_branch_id ?? ''), versions);
  return versions;
}

/**
 * @param {Branch[]} there Branches that fork at the same place.
 * @param {Branch | undefined} parent
 * @param {Map<string, Version>} versions
 */
function tellApart(there, parent, versions) {
  const isFirst = parent !== undefined && parent.fork_depth + parent.message_count > there[0].fork_depth;
  const total = there.length + Number(isFirst);
  if (total === 1) return;
  // Only of its first message it is known what the parent says.
  const others = isFirst && parent.fork_depth === there[0].fork_depth ? [parent] : [];
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { preview } of [...others, ...there]) counts.set(preview ?? '', (counts.get(preview ?? '') ?? 0) + 1);
  const shared = sharedLengths([...others, ...there].map(({ preview }) => titleOf({ name: null, preview })));
  // Ids rise with time, as the numbers of versions do.
  there.sort((a, b) => ((a.first_response_id ?? '') < (b.first_response_id ?? '') ? -1 : 1));
  there.forEach(({ branch_id, name, preview }, index) => {
    if (name !== null) return;
    const isAnswer = (counts.get(preview ?? '') ?? 0) > 1 && [...(preview ?? '')].length < PREVIEW_LENGTH;
    const title = titleOf({ name, preview });
    const text = `${isAnswer ? 'Answer' : 'Version'} ${index + 1 + Number(isFirst)} of ${total}`;
    versions.set(branch_id, { title: fromDifference(title, shared.get(title) ?? 0), text });
  });
}

/**
 * How many characters each title shares with another one, at most.
 * @param {string[]} titles
 */
function sharedLengths(titles) {
  const sorted = [...new Set(titles)].sort();
  /** @type {Map<string, number>} */
  const lengths = new Map();
  sorted.forEach((title, index) => {
    let shared = 0;
    for (const other of [sorted[index - 1] ?? '', sorted[index + 1] ?? '']) {
      let length = 0;
      while (length < title.length && title[length] === other[length]) length++;
      shared = Math.max(shared, length);
    }
    lengths.set(title, shared);
  });
  return lengths;
}

/**
 * A title from the word before the one that differs.
 * @param {string} title
 * @param {number} shared
 */
function fromDifference(title, shared) {
  if (shared <= SHARED_LENGTH) return title;
  const word = title.lastIndexOf(' ', shared - 1);
  const before = title.lastIndexOf(' ', word - 1);
  return before > 0 ? `… ${title.slice(before + 1)}` : title;
}
