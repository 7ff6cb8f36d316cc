// @ts-check
// Who is signed in. The access token is in memory only; the refresh token is in a cookie that no script can read.

import { ApiError, checked, reach } from './api.js';
import { signal } from './html.js';
import { expectUser } from './preload.js';

/** The session's routes lie beside the page, not below the API: they alone see the cookie. */
const SESSION_ROOT = new URL('session/', document.baseURI).href;
/** A token is renewed so long before it expires, in milliseconds. */
const RENEWAL_MARGIN_MS = 30_000;
/** The lock that tabs take to refresh, as each use of a refresh token replaces it. */
const REFRESH_LOCK = 'banyan-refresh';

/** @typedef {{user_id: string, username: string, created_at: string}} User */

/** The user; null where nobody is signed in, undefined as long as that is not known. */
export const user = signal(/** @type {User | null | undefined} */ (undefined));

/** @type {{token: string, expiresAt: number} | null} */
let access = null;
/** @type {Promise<string> | null} */
let refreshing = null;

const tabs = new BroadcastChannel('banyan-session');
tabs.onmessage = (/** @type {MessageEvent<string>} */ { data }) => {
  if (data === 'signed-out') forget();
  if (data === 'signed-in' && user.peek() === null) restore();
};

/** Throws an {@link ApiError} with the status 401 where nobody is signed in. */
export async function accessToken() {
  if (access && access.expiresAt - RENEWAL_MARGIN_MS > Date.now()) return access.token;
  refreshing ??= refreshAlone().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

const refreshAlone = async () => navigator.locks.request(REFRESH_LOCK, refresh);

/** Forgets a token that the server takes no more. */
export function dropAccessToken() {
  access = null;
}

async function refresh() {
  const response = await checked(await post('refresh'));
  // Without a session there is nothing to read.
  if (response.status === 204) {
    forget();
    throw new ApiError(401, { code: 'not_authenticated', detail: 'Nobody is signed in' });
  }
  return keep(await response.json());
}

/** @param {{access_token: string, expires_in: number}} tokens */
function keep({ access_token, expires_in }) {
  access = { token: access_token, expiresAt: Date.now() + expires_in * 1000 };
  return access_token;
}

/** Finds out who is signed in; called once, at the start. */
export async function restore() {
  try {
    take(await me());
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) forget();
    else throw error;
  }
}

async function me() {
  const headers = { Authorization: `Bearer ${await accessToken()}` };
  const response = await reach(new URL('../api/v1/auth/me', document.baseURI), { headers, credentials: 'omit' });
  return (await checked(response)).json();
}

/**
 * Signs a user in.
 * @param {string} username
 * @param {string} password
 */
export async function signIn(username, password) {
  keep(await (await checked(await post('login', { username, password }))).json());
  take(await me());
  tabs.postMessage('signed-in');
}

/** Signs the user out, here and in all other tabs. */
export async function signOut() {
  await checked(await post('logout'));
  tabs.postMessage('signed-out');
  forget();
}

/** Forgets the user of this tab, as after the account was deleted. */
export function forget() {
  access = null;
  take(null);
}

/** @param {User | null} found */
function take(found) {
  user.value = found;
  expectUser(found !== null);
}

/**
 * @param {string} name
 * @param {unknown} [body]
 */
const post = (name, body = {}) =>
  reach(SESSION_ROOT + name, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), credentials: 'same-origin' });
