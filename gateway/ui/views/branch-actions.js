// @ts-check
// Actions on a branch: the choices of its menu.

import { call } from '../lib/api.js';
import { copy } from '../lib/clipboard.js';
import { html, render } from '../lib/html.js';
import { attempt, notify, retract } from '../lib/notices.js';
import { go, hrefOf, route } from '../lib/router.js';
import { restorable } from '../lib/until.js';
import { ancestorsOf, descendantsOf, dropBranches, takeBranch, titleOf, updateBranch } from '../state/branches.js';
import { branchId, touch } from '../state/current.js';
import { NameDialog, TagsDialog } from './branch-dialogs.js';
import { BranchPicker } from './branch-picker.js';

/** @typedef {import('../lib/outline.js').Branch} Branch */

/**
 * The choices for a branch, to be put into a menu.
 * @param {{branch: Branch}} props
 */
export function BranchActions({ branch }) {
  const { branch_id: id, archived } = branch;
  const isTrunk = branch.parent_branch_id === null;
  const shown = branchId.value;
  return html`
    <button type="button" onClick=${() => present(NameDialog, { branch })}>Rename...</button>
    <button type="button" onClick=${() => present(TagsDialog, { branch })}>Tags...</button>
    ${shown && shown !== id && html`<button type="button" onClick=${() => compare(shown, id)}>Compare with the branch shown</button>`}
    <button type="button" onClick=${() => present(CompareWith, { branch: id })}>Compare with...</button>
    <button type="button" onClick=${() => copyLink(branch)}>Copy a link</button>
    ${!isTrunk && html`<button type="button" onClick=${() => attempt(() => archive(branch, !archived))}>${archived ? 'Take out of the archive' : 'Archive'}</button>`}
    ${!isTrunk && html`<button type="button" class="danger" onClick=${() => attempt(() => remove(branch))}>${removal(id)}</button>`}
  `;
}

/**
 * Shows a dialog over the page until it closes itself by `close`.
 * @param {(props: any) => any} View
 * @param {object} props
 */
function present(View, props) {
  const host = document.body.appendChild(document.createElement('div'));
  const close = () => {
    render(null, host);
    host.remove();
  };
  render(html`<${View} ...${props} close=${close} />`, host);
}

/** The ids that a notice about a branch is bound to: it goes when one of them is gone for good. @param {Branch} branch */
const about = ({ branch_id, root_chat_id }) => [branch_id, ...ancestorsOf(branch_id), root_chat_id];

/** @param {Branch} branch */
const quoted = (branch) => `“${titleOf(branch)}”`;

/**
 * @param {Branch} branch
 * @param {boolean} archived
 */
async function archive(branch, archived) {
  await updateBranch(branch.branch_id, { archived });
  const run = () => updateBranch(branch.branch_id, { archived: !archived });
  notify(archived ? `Archived ${quoted(branch)}` : `Took ${quoted(branch)} out of the archive`, { about: about(branch), action: { label: 'Undo', run } });
}

/** @param {string} id */
function removal(id) {
  const others = descendantsOf(id).size;
  return others ? `Delete with the ${others === 1 ? 'branch' : `${others.toLocaleString()} branches`} on it` : 'Delete';
}

/**
 * Deletes a branch with all that grows on it. What is shown then is the branch that it grew on, as for the server.
 * @param {Branch} branch
 */
async function remove(branch) {
  const gone = descendantsOf(branch.branch_id).add(branch.branch_id);
  const subjects = about(branch);
  const shown = branchId.peek() ?? '';
  await call('DELETE', `branches/delete-branch/${branch.branch_id}`, { query: { cascade: gone.size > 1 || undefined } });
  dropBranches(gone);
  // What was told of it, and of what grew on it, cannot be undone any more.
  retract(branch.branch_id);
  const isShown = gone.has(shown);
  if (isShown) go({ ...route.peek(), branch: branch.parent_branch_id ?? undefined, message: undefined }, { replaces: true });
  touch();
  const others = gone.size - 1;
  const text = `Deleted ${quoted(branch)}${others ? ` and ${others === 1 ? 'the branch' : `the ${others.toLocaleString()} branches`} on it` : ''}`;
  const until = await restorable('branches/deleted-branches', { chat_id: branch.root_chat_id }, ({ branch_id }) => branch_id === branch.branch_id);
  notify(`${text}${until}`, { about: subjects, action: { label: 'Undo', run: () => restore(branch.branch_id, isShown ? shown : null) } });
}

/**
 * Restores a deleted branch, with what was deleted along with it.
 * @param {string} branch
 * @param {string | null} [shown] The branch to show again.
 */
export async function restore(branch, shown) {
  takeBranch(await call('POST', `branches/restore-branch/${branch}`));
  retract(branch);
  // For the server it is the active one again, too.
  if (shown) go({ ...route.peek(), branch: shown, message: undefined }, { replaces: true });
  touch();
}

/**
 * Opens the comparison of two branches.
 * @param {string} left
 * @param {string} right
 */
const compare = (left, right) => go({ ...route.peek(), panel: 'compare', left, right });

/**
 * A dialog in which it is chosen what a branch is compared with.
 * @param {{branch: string, close: () => void}} props
 */
export const CompareWith = ({ branch, close }) => html`<${BranchPicker} title="Compare with..." except=${[branch]} choose=${(/** @type {string} */ other) => compare(branch, other)} close=${close} />`;

/** @param {Branch} branch */
const copyLink = (branch) => copy(new URL(hrefOf({ name: 'chat', chat: branch.root_chat_id, branch: branch.branch_id }), location.href).href, 'Copied the link');
