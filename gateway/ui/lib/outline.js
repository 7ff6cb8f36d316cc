// @ts-check
// Branches as the rows of an outline. Pure: it knows no page, and no request. Nothing here recurses, as branches may be 10,000 levels deep.

/**
 * @typedef {object} Branch
 * @property {string} branch_id
 * @property {string} root_chat_id
 * @property {string | null} parent_branch_id Null for the trunk.
 * @property {string | null} forked_from_response_id
 * @property {number} fork_depth
 * @property {string | null} name
 * @property {number} message_count
 * @property {string | null} head_response_id
 * @property {string | null} first_response_id
 * @property {string | null} preview
 * @property {string | null} last_message_at
 * @property {string[]} tags
 * @property {boolean} archived
 * @property {string} created_at
 * @property {boolean} active
 *
 * @typedef {object} Row One branch, below its parent.
 * @property {Branch} branch
 * @property {number} index Among the rows.
 * @property {Row | null} parent
 * @property {number} level 0 for the trunk; the column of its lane.
 * @property {number} position Among its siblings, from 1.
 * @property {number} siblings How many they are, with itself.
 * @property {number} descendants How many branches grow on it, at any level, folded ones too.
 * @property {boolean} isFolded
 * @property {boolean} isOnPath Whether it is the shown branch or an ancestor of it.
 * @property {boolean} isMatch Whether it is what the filter asks for, and not only above such a one; true without a filter.
 *
 * @typedef {object} Outline
 * @property {Row[]} rows
 * @property {Map<string, Row>} byId
 * @property {Row[]} path The rows of the active path by level, down to the shown branch, or to the folded one that holds it.
 * @property {number} matches
 * @property {number} hidden How many branches are not there because they, or what they grow on, are archived.
 *
 * @typedef {object} Wishes
 * @property {string | null} [shown] The branch whose line is shown.
 * @property {ReadonlySet<string>} [folded] The branches whose descendants are not to be seen.
 * @property {boolean} [withArchived]
 * @property {((branch: Branch) => boolean) | null} [filter]
 */

/**
 * Lays branches out as an outline: below its parent each, siblings by the depth at which they fork, then by time. So no lane crosses another.
 * @param {Iterable<Branch>} branches Parents first; siblings by time, as get-branches answers.
 * @param {Wishes} [wishes]
 * @returns {Outline}
 */
export function outline(branches, { shown = null, folded = new Set(), withArchived = false, filter = null } = {}) {
  const nodes = nodesOf(branches, shown);
  const hidden = withArchived ? 0 : hideArchived(nodes);
  const matches = filter ? keepMatches(nodes, filter) : nodes.length - hidden;
  linkChildren(nodes);
  const rows = rowsOf(nodes, folded);
  const byId = new Map();
  for (const row of rows) byId.set(row.branch.branch_id, row);
  return { rows, byId, path: rows.filter((row) => row.isOnPath), matches, hidden };
}

/**
 * @typedef {object} Node
 * @property {Branch} branch
 * @property {Node | null} parent
 * @property {boolean} isOnPath
 * @property {boolean} isHidden
 * @property {boolean} isMatch
 * @property {number} descendants
 * @property {number} children
 * @property {Node | null} first The first child.
 * @property {Node | null} last The last child so far.
 * @property {Node | null} next The next sibling.
 */

/**
 * @param {Iterable<Branch>} branches
 * @param {string | null} shown
 */
function nodesOf(branches, shown) {
  /** @type {Node[]} */
  const nodes = [];
  /** @type {Map<string, Node>} */
  const byId = new Map();
  for (const branch of branches) {
    const parent = byId.get(branch.parent_branch_id ?? '') ?? null;
    /** @type {Node} */
    const node = { branch, parent, isOnPath: false, isHidden: false, isMatch: true, descendants: 0, children: 0, first: null, last: null, next: null };
    nodes.push(node);
    byId.set(branch.branch_id, node);
  }
  for (let node = byId.get(shown ?? '') ?? null; node; node = node.parent) node.isOnPath = true;
  return nodes;
}

/**
 * Hides what is archived with all that grows on it, but for the active path, which is never lost from sight. Returns how many went.
 * @param {Node[]} nodes
 */
function hideArchived(nodes) {
  let hidden = 0;
  /** @type {Set<Node>} */
  const below = new Set();
  for (const node of nodes) {
    const isArchived = (node.branch.archived && node.parent !== null) || (node.parent !== null && below.has(node.parent));
    if (isArchived) below.add(node);
    node.isHidden = isArchived && !node.isOnPath;
    if (node.isHidden) hidden++;
  }
  return hidden;
}

/**
 * Hides what the filter does not ask for, but for what a match grows on. Returns how many match.
 * @param {Node[]} nodes
 * @param {(branch: Branch) => boolean} filter
 */
function keepMatches(nodes, filter) {
  let matches = 0;
  /** @type {Set<Node>} */
  const kept = new Set();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    node.isMatch = !node.isHidden && filter(node.branch);
    if (node.isMatch) matches++;
    if (node.isMatch || kept.has(node)) {
      if (node.parent) kept.add(node.parent);
    } else {
      node.isHidden = true;
    }
  }
  return matches;
}

/**
 * Links siblings in their order, and counts descendants.
 * @param {Node[]} nodes
 */
function linkChildren(nodes) {
  // The sort is stable: of equal depths, the older one stays first.
  for (const node of nodes.toSorted((a, b) => a.branch.fork_depth - b.branch.fork_depth)) {
    const { parent } = node;
    if (node.isHidden || !parent) continue;
    if (parent.last) parent.last.next = node;
    else parent.first = node;
    parent.last = node;
    parent.children++;
  }
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { isHidden, parent, descendants } = nodes[i];
    if (!isHidden && parent) parent.descendants += descendants + 1;
  }
}

/**
 * @param {Node[]} nodes
 * @param {ReadonlySet<string>} folded
 */
function rowsOf(nodes, folded) {
  /** @type {Row[]} */
  const rows = [];
  for (const root of nodes) {
    if (root.parent || root.isHidden) continue;
    /** @type {Node | null} */
    let node = root;
    /** @type {Row | null} */
    let parent = null;
    let position = 1;
    while (node) {
      const isFolded = node.first !== null && folded.has(node.branch.branch_id);
      const { branch, descendants, isOnPath, isMatch } = node;
      /** @type {Row} */
      const row = { branch, index: rows.length, parent, level: parent ? parent.level + 1 : 0, position, siblings: node.parent?.children ?? 1, descendants, isFolded, isOnPath, isMatch };
      rows.push(row);
      if (node.first && !isFolded) {
        [node, parent, position] = [node.first, row, 1];
        continue;
      }
      position = row.position;
      while (node && !node.next) [node, parent, position] = [node.parent, parent?.parent ?? null, parent?.position ?? 1];
      if (!node || !node.parent) break;
      [node, position] = [node.next, position + 1];
    }
  }
  return rows;
}

/** Whether rows of its children follow. @param {Row} row */
export const isOpen = (row) => row.descendants > 0 && !row.isFolded;
