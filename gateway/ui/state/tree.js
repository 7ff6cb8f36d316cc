// @ts-check
// The state of the tree of the open chat: folded branches, hidden ones, and the filter.

import { batch, computed, effect, signal } from '../lib/html.js';
import { outline as outlineOf } from '../lib/outline.js';
import { versionFinder } from '../lib/versions.js';
import { filterOf, tree } from './branches.js';
import { branchId, chatId } from './current.js';

/** The words of the filter, for names, previews and tags. */
export const sought = signal('');
/** The folded branches in the whole tree, and in the filtered one, which is open at first. */
const foldedInTree = signal(/** @type {ReadonlySet<string>} */ (new Set()));
const foldedInFound = signal(/** @type {ReadonlySet<string>} */ (new Set()));
const foldedNow = computed(() => (sought.value.trim() ? foldedInFound : foldedInTree));
/** The branches whose descendants are folded away. */
export const folded = computed(() => foldedNow.value.value);
/** Rises whenever the shown branch is to be scrolled to. */
export const reveals = signal(0);
export const withArchived = signal(false);

/** The tree as it is looked at. */
export const outline = computed(() =>
  outlineOf(tree.value.branches.values(), { shown: branchId.value, folded: folded.value, withArchived: withArchived.value, filter: filterOf(sought.value) }),
);

/** A function that finds the version that a branch begins with. */
export const versionOf = computed(() => versionFinder(tree.value.branches));

/**
 * Folds a branch, or opens it.
 * @param {string} branch
 * @param {boolean} [isFolded] Left out: the other way.
 */
export function fold(branch, isFolded = !folded.peek().has(branch)) {
  const next = new Set(folded.peek());
  if (isFolded) next.add(branch);
  else next.delete(branch);
  foldedNow.peek().value = next;
}

/** Folds every branch but the first and those that the shown one grows on. */
export function foldAll() {
  const { branches } = tree.peek();
  const next = new Set([...branches.values()].flatMap(({ parent_branch_id }) => parent_branch_id ?? []));
  let above = branches.get(branchId.peek() ?? '')?.parent_branch_id;
  for (; above; above = branches.get(above)?.parent_branch_id) next.delete(above);
  for (const { branch_id, parent_branch_id } of branches.values()) if (!parent_branch_id) next.delete(branch_id);
  foldThese(next);
}

export const unfoldAll = () => foldThese(new Set());

/** @param {Set<string>} these */
const foldThese = (these) =>
  batch(() => {
    foldedNow.peek().value = these;
    reveals.value++;
  });

// Another chat is another tree, and other words find another part of it.
effect(() => {
  void chatId.value;
  batch(() => {
    foldedInTree.value = new Set();
    sought.value = '';
  });
});
effect(() => {
  void sought.value;
  foldedInFound.value = new Set();
});
