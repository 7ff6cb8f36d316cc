// @ts-check
// Modules and styles of views, loaded at once and not one import after the other, as the templates of index.html name them.

/** The loads that were begun, by view. @type {Map<string, Promise<unknown>>} */
const begun = new Map();

/**
 * Begins to load what a view needs. Resolves when its style sheets are there; its modules are awaited by who imports them.
 * @param {string} view
 */
export function preload(view) {
  const known = begun.get(view);
  if (known) return known;
  const template = /** @type {HTMLTemplateElement} */ (document.querySelector(`template[data-view="${view}"]`));
  const links = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  const all = [...links.querySelectorAll('link')];
  // After what the page itself begins with, and what it asks the server.
  for (const link of all) link.fetchPriority = 'low';
  const styles = Promise.all(all.filter(({ rel }) => rel === 'stylesheet').map(loaded));
  document.head.append(links);
  begun.set(view, styles);
  // What has failed is tried again when it is asked for again.
  styles.catch(() => begun.delete(view));
  return styles;
}

/** @param {HTMLLinkElement} link */
const loaded = (link) =>
  new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => {
      link.remove();
      reject(new TypeError(`${link.href} cannot be loaded`));
    };
  });

/**
 * A module, once the style sheets of its views are there, too.
 * @template T
 * @param {Promise<T>} module
 * @param {string[]} views
 */
export async function withViews(module, ...views) {
  const [ready] = await Promise.all([module, ...views.map(preload)]);
  return ready;
}

/** Between two attempts to load a module, in milliseconds. */
const RETRY_MS = 3_000;

/**
 * A module that nobody has asked for, but which is to be there: it is loaded however long the server is away.
 * @template T
 * @param {() => Promise<T>} load
 */
export async function untilLoaded(load) {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }
}

/** Begins to load what the link leads to, for who is signed in. */
export function preloadRoute() {
  const { hash } = location;
  const views = hash.startsWith('#/chat/') ? ['frame', 'composer', 'chat', 'markdown'] : ['frame', 'composer', 'chats', 'welcome'];
  if (hash.endsWith('/tree')) views.push('panel', 'tree');
  for (const view of views) void preload(view);
}

/** Whether somebody was signed in when this browser last had the page: who that is, and whether it is still so, the server tells. */
const EXPECTED_KEY = 'banyan-signed-in';

export const isUserExpected = () => localStorage.getItem(EXPECTED_KEY) !== null;

/** @param {boolean} isExpected Whether somebody will be signed in when the page is opened next. */
export function expectUser(isExpected) {
  try {
    if (isExpected) localStorage.setItem(EXPECTED_KEY, '');
    else localStorage.removeItem(EXPECTED_KEY);
  } catch {
    // Where the storage is full, the sign-in is loaded for nothing.
  }
}
