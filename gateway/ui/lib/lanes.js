// @ts-check
// Branches as rows with lanes. Pure: it knows no page, and no request. Nothing here recurses, as branches may be 10,000 levels deep.

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
 * @property {ReadonlySet<string>} [folded] The branches whose descendants are not to be seen; nothing is folded while there is a filter.
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
  const rows = rowsOf(nodes, filter ? new Set() : folded);
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

/**
 * The first column that is drawn where there is room for `columns`: the lanes shift as far as the rows in view allow, and what is still deeper is drawn in the last column.
 * @param {Row[]} view
 * @param {number} columns
 */
export function firstColumn(view, columns) {
  let [low, high] = [Infinity, 0];
  for (const { level } of view) {
    low = Math.min(low, level);
    high = Math.max(high, level);
  }
  // One column before the first, so that it is seen what they hang on.
  return Math.max(0, Math.min(low - 1, high - columns + 1));
}

/**
 * @typedef {object} Lane A piece of a lane within one row.
 * @property {number} column
 * @property {boolean} isOnPath
 *
 * @typedef {object} Lanes What is drawn beside a row.
 * @property {number} column Of the row's own node.
 * @property {Lane[]} through Lanes that pass the row from top to bottom.
 * @property {Lane[]} above Those that come from above, and end in the branching.
 * @property {Lane | null} fork The lane from which it branches off.
 * @property {Lane | null} below Its own lane, on to its children.
 * @property {number} skipped How many levels the node is deeper than its column says.
 */

/**
 * What is drawn beside a row, in columns from `first` on.
 * @param {Row} row
 * @param {Row[]} path The active path.
 * @param {number} first
 * @param {number} columns
 * @returns {Lanes}
 */
export function lanesOf(row, path, first, columns) {
  const last = columns - 1;
  /** @type {Lanes} */
  const lanes = { column: Math.max(0, Math.min(row.level - first, last)), through: [], above: [], fork: null, below: null, skipped: Math.max(0, row.level - first - last) };
  if (isOpen(row)) lanes.below = { column: lanes.column, isOnPath: runsOn(path, row.level, row.index) };
  for (let child = row; child.parent && child.level > first; child = child.parent) {
    const column = child.level - 1 - first;
    // Of the levels that share the last column, no lane is seen but the node's own.
    if (column >= last && !(child === row && column === last)) continue;
    const isOnPath = runsOn(path, child.level - 1, row.index);
    if (child.position < child.siblings) lanes.through.push({ column, isOnPath });
    if (child !== row) continue;
    lanes.fork = { column: Math.min(column, last), isOnPath: row.isOnPath };
    // The path ends in this branching, or goes past it.
    if (column < last) lanes.above.push({ column, isOnPath: row.isOnPath || isOnPath });
  }
  return lanes;
}

/**
 * Whether the active path runs down the lane of a level below a row.
 * @param {Row[]} path
 * @param {number} level
 * @param {number} index
 */
function runsOn(path, level, index) {
  return level + 1 < path.length && path[level].index <= index && index < path[level + 1].index;
}
