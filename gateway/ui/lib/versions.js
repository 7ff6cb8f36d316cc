// @ts-check
// Branches that are versions of the same place in a chat, as edits and regenerated answers are, and titles that tell them apart. Pure.

import { isCut, titleOf } from './names.js';

/** @typedef {import('./outline.js').Branch} Branch */

/** A title that begins as another does for more characters than that begins where they differ. */
const SHARED_LENGTH = 16;
/** The most versions of a place that are compared. */
const COMPARED_COUNT = 50;

/**
 * @typedef {object} Version
 * @property {string | null} title How the branch begins; where others begin alike, from where it differs. Null where they are too many to be compared.
 * @property {string} text Which version it is, such as "Answer 2 of 3".
 */

/**
 * A function that finds the version with which a branch without a name begins. Places are compared when they are asked for.
 * @param {Map<string, Branch>} branches
 * @returns {(branch: Branch) => Version | undefined}
 */
export function versionFinder(branches) {
  /** @type {Map<string, Branch[]>} */
  const places = new Map();
  for (const branch of branches.values()) {
    const place = placeOf(branch);
    const there = places.get(place);
    if (there) there.push(branch);
    else if (place) places.set(place, [branch]);
  }
  /** @type {Map<string, Map<string, Version>>} */
  const told = new Map();
  return (branch) => {
    const place = placeOf(branch);
    const there = places.get(place);
    if (branch.name !== null || !there) return undefined;
    let versions = told.get(place);
    if (!versions) told.set(place, (versions = tellApart(there, branches.get(branch.parent_branch_id ?? ''))));
    return versions.get(branch.branch_id);
  };
}

/** The place where a branch begins to differ from others; empty for one that does not, yet. @param {Branch} branch */
const placeOf = ({ parent_branch_id, forked_from_response_id, first_response_id }) => (parent_branch_id && first_response_id ? `${parent_branch_id} ${forked_from_response_id}` : '');

/**
 * @param {Branch[]} there Branches that fork at the same place.
 * @param {Branch | undefined} parent
 */
function tellApart(there, parent) {
  /** @type {Map<string, Version>} */
  const versions = new Map();
  const isFirst = parent !== undefined && parent.fork_depth + parent.message_count > there[0].fork_depth;
  const total = there.length + Number(isFirst);
  if (total === 1) return versions;
  // Only of its first message it is known what the parent says.
  const all = isFirst && parent.fork_depth === there[0].fork_depth ? [parent, ...there] : there;
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { preview } of all) counts.set(preview ?? '', (counts.get(preview ?? '') ?? 0) + 1);
  const shared = all.length <= COMPARED_COUNT ? sharedLengths(all.map(({ preview }) => titleOf({ name: null, preview }))) : null;
  // Ids rise with time, as the numbers of versions do.
  there.sort((a, b) => ((a.first_response_id ?? '') < (b.first_response_id ?? '') ? -1 : 1));
  there.forEach(({ branch_id, name, preview }, index) => {
    if (name !== null) return;
    const isAnswer = (counts.get(preview ?? '') ?? 0) > 1 && !isCut(preview ?? '');
    const text = `${isAnswer ? 'Answer' : 'Version'} ${(index + 1 + Number(isFirst)).toLocaleString()} of ${total.toLocaleString()}`;
    const title = shared ? titleOf({ name, preview }) : null;
    versions.set(branch_id, { title: title && fromDifference(title, shared?.get(title) ?? 0), text });
  });
  return versions;
}

/**
 * The most characters that each title shares with another one.
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
