// @ts-check
// The session. The access token is in memory only; the refresh token is in a cookie that no script can read.
//
// Signing out wins, in whatever order requests are answered, and in whichever tab they were sent:
// - What sets the cookie (signing in, renewing a token, changing the password) takes its turn among all tabs. So a session that begins is there, cookie and all, before another one ends or begins.
// - Signing out waits for nobody, as the tab may be closed right after it. Where something has its turn meanwhile, it takes its own turn once more behind that, as the cookie may have been set again.
// - What was begun in a session that has ended counts no more: its answer is dropped, and where it has begun another session, that one is ended, too.

import { ApiError, checked, reach } from './api.js';
import { signal } from './html.js';
import { withLock, withoutWaiting } from './locks.js';
import { expectUser } from './preload.js';

/** The session's routes lie beside the page, not below the API: they alone see the cookie. */
const SESSION_ROOT = new URL('session/', document.baseURI).href;
const AUTH_ROOT = new URL('../api/v1/auth/', document.baseURI).href;
/** A token is renewed so long before it expires, in milliseconds. */
const RENEWAL_MARGIN_MS = 30_000;
/** The lock of whose turn it is. */
const TURN = 'banyan-session';
/** Between two attempts to take away a cookie that may have been set after signing out, in milliseconds. */
const RETRY_MS = 3_000;
/** The code of the error where nobody is signed in. */
const NOBODY = 'not_authenticated';

/** @typedef {{user_id: string, username: string, created_at: string}} User */

/** The user; null where nobody is signed in, undefined as long as that is not known. */
export const user = signal(/** @type {User | null | undefined} */ (undefined));

/** @type {{token: string, expiresAt: number} | null} */
let access = null;
/** @type {Promise<string> | null} */
let refreshing = null;
/** Aborted when the session of this tab ends. */
let session = new AbortController();

const tabs = new BroadcastChannel('banyan-session');
tabs.onmessage = (/** @type {MessageEvent<string>} */ { data }) => {
  if (data === 'signed-out') forget();
  if (data === 'signed-in' && user.peek() === null) void restore();
};

/** Aborted when the session ends that there is now. */
export const sessionSignal = () => session.signal;

/** Why something was not done: its session has ended before. Nobody is to be told, as it is seen. */
export const sessionEnded = () => new ApiError(401, { code: 'session_ended', detail: 'You are signed out' });

/** Throws an {@link ApiError} with the status 401 where nobody is signed in. */
export async function accessToken() {
  const fresh = freshToken();
  if (fresh) return fresh;
  refreshing ??= inTurn(refresh)
    .catch((error) => {
      if (error instanceof ApiError && error.code === NOBODY) forget();
      throw error;
    })
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

const freshToken = () => (access && access.expiresAt - RENEWAL_MARGIN_MS > Date.now() ? access.token : null);

/** Forgets a token that the server takes no more. */
export function dropAccessToken() {
  access = null;
}

/**
 * Does what may set the cookie, when it has its turn. Where the session ends meanwhile, so does what was made of it.
 * @template T
 * @param {(ended: AbortSignal) => Promise<T>} work It takes no other turn.
 * @returns {Promise<T>}
 */
async function inTurn(work) {
  const ended = session.signal;
  return withLock(TURN, async () => {
    if (ended.aborted) throw sessionEnded();
    const done = await work(ended).finally(() => (ended.aborted ? logOutSurely() : undefined));
    if (ended.aborted) throw sessionEnded();
    return done;
  });
}

/** @param {AbortSignal} ended */
async function refresh(ended) {
  const response = await checked(await post('refresh'));
  // Without a session there is nothing to read.
  if (response.status === 204) throw new ApiError(401, { code: NOBODY, detail: 'Nobody is signed in' });
  return keep(await response.json(), ended);
}

/**
 * @param {{access_token: string, expires_in: number}} tokens
 * @param {AbortSignal} ended
 */
function keep({ access_token, expires_in }, ended) {
  if (!ended.aborted) access = { token: access_token, expiresAt: Date.now() + expires_in * 1000 };
  return access_token;
}

/** Finds out who is signed in; called once, at the start, and when another tab has signed in. */
export async function restore() {
  const ended = session.signal;
  try {
    const found = await me(await accessToken());
    if (!ended.aborted) take(found);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    if (!ended.aborted) forget();
  }
}

/**
 * @param {string} token
 * @returns {Promise<User>}
 */
async function me(token) {
  const response = await reach(`${AUTH_ROOT}me`, { headers: { Authorization: `Bearer ${token}` }, credentials: 'omit' });
  return (await checked(response)).json();
}

/**
 * Signs a user in.
 * @param {string} username
 * @param {string} password
 */
export const signIn = (username, password) => inTurn((ended) => logIn(username, password, ended));

/**
 * @param {string} username
 * @param {string} password
 * @param {AbortSignal} ended
 */
async function logIn(username, password, ended) {
  const token = keep(await (await checked(await post('login', { username, password }))).json(), ended);
  const found = await me(token);
  if (ended.aborted) return;
  take(found);
  tabs.postMessage('signed-in');
}

/**
 * Changes the password of who is signed in. It ends all sessions of the user, so that this tab signs in again, in the same turn: nobody signs out between the two.
 * @param {string} current_password
 * @param {string} new_password
 */
export const changePassword = (current_password, new_password) =>
  inTurn(async (ended) => {
    const { username } = /** @type {User} */ (user.peek());
    const body = JSON.stringify({ current_password, new_password });
    const put = (/** @type {string} */ token) => reach(`${AUTH_ROOT}change-password`, { method: 'PUT', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` }, body, credentials: 'omit' });
    const response = await put(freshToken() ?? (await refresh(ended)));
    // The token may have expired all the same.
    await checked(response.status === 401 ? await put(await refresh(ended)) : response);
    if (!ended.aborted) await logIn(username, new_password, ended);
  });

/** Signs the user out, here and in all other tabs. */
export async function signOut() {
  const isLast = await withoutWaiting(TURN, async () => {
    await logOut();
    tabs.postMessage('signed-out');
    forget();
  });
  if (!isLast) await withLock(TURN, logOutSurely);
}

/** Takes the cookie away; closing the tab does not stop that. */
const logOut = async () => checked(await post('logout', {}, { keepalive: true }));

/** Takes away a cookie that may have been set after the user has signed out, however long the server is away. */
async function logOutSurely() {
  for (;;) {
    try {
      return void (await logOut());
    } catch (error) {
      if (!(error instanceof ApiError && error.isTemporary)) throw error;
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }
}

/** Ends the session of this tab, as after the account was deleted. */
export function forget() {
  access = null;
  session.abort();
  session = new AbortController();
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
 * @param {RequestInit} [options]
 */
const post = (name, body = {}, options = {}) =>
  reach(SESSION_ROOT + name, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), credentials: 'same-origin', ...options });
