// @ts-check
// The route: everything that a link can name is in the hash, and survives signing in.

import { signal } from './html.js';

/**
 * @typedef {object} Route
 * @property {'chats' | 'new' | 'chat' | 'deleted' | 'account'} name `new` is a chat that its first question begins.
 * @property {string} [chat] The chat's id.
 * @property {string} [branch] The branch; without one, the chat's active branch.
 * @property {string} [message] The message to show; without one, the end of the line.
 * @property {'tree' | 'compare' | 'settings' | 'deleted'} [panel] What is shown beside the line.
 * @property {string} [left] The branches to compare.
 * @property {string} [right]
 */

/** The places of ids in paths: `#/chat/<id>/branch/<id>/message/<id>`, then `/tree`, `/settings`, `/deleted` or `/compare/<id>/<id>`. */
const NAMED = /** @type {const} */ (['chat', 'branch', 'message']);
const PANELS = ['tree', 'settings', 'deleted'];

/**
 * Reads a hash. What it does not know is the list of chats.
 * @param {string} hash
 * @returns {Route}
 */
export function parse(hash) {
  const parts = hash.replace(/^#?\/?/, '').split('/').filter(Boolean).map(decodeURIComponent);
  if (parts[0] === 'new' || parts[0] === 'deleted' || parts[0] === 'account') return { name: parts[0] };
  if (parts[0] !== 'chat' || !parts[1]) return { name: 'chats' };
  /** @type {Route} */
  const route = { name: 'chat' };
  const rest = [...parts];
  for (const name of NAMED) {
    if (rest[0] === name && rest[1]) [, route[name]] = rest.splice(0, 2);
  }
  const [panel, left, right] = rest;
  if (PANELS.includes(panel)) route.panel = /** @type {Route['panel']} */ (panel);
  if (panel === 'compare' && right) Object.assign(route, { panel, left, right });
  return route;
}

/**
 * The hash of a route.
 * @param {Route} route
 */
export function hrefOf(route) {
  if (route.name !== 'chat') return route.name === 'chats' ? '#/' : `#/${route.name}`;
  let path = '#';
  for (const name of NAMED) {
    if (route[name]) path += `/${name}/${encodeURIComponent(route[name])}`;
  }
  if (route.panel === 'compare') return `${path}/compare/${route.left}/${route.right}`;
  return route.panel ? `${path}/${route.panel}` : path;
}

/** The current route. */
export const route = signal(parse(location.hash));

addEventListener('hashchange', () => {
  route.value = parse(location.hash);
});

/**
 * Goes to a route. `replaces`: without an entry in the history.
 * @param {Route} next
 * @param {{replaces?: boolean}} [options]
 */
export function go(next, { replaces = false } = {}) {
  const href = hrefOf(next);
  if (replaces) {
    history.replaceState(null, '', href);
    route.value = next;
  } else {
    location.hash = href;
  }
}
