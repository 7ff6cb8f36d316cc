// @ts-check
// Requests to the API. Each waits for a fresh access token, and is sent once more where the token had expired all the same.
// Requests of a session that has ended since get no answer: nobody else is to see it.

import { accessToken, dropAccessToken, sessionEnded, sessionSignal } from './session.js';

/** The root of the API, also where a proxy puts a prefix before it. */
const API_ROOT = new URL('../api/v1/', document.baseURI).href;

const EVENTS = 'text/event-stream';

/** A refusal of the server, or the failure to reach it (`status` 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {any} body
   * @param {Headers} [headers]
   */
  constructor(status, body, headers) {
    super(typeof body?.detail === 'string' ? body.detail : messageOf(status));
    /** The HTTP status, 0 where no server was reached. */
    this.status = status;
    /** The error's code, such as `chat_not_found`. @type {string} */
    this.code = body?.code ?? (status === 0 ? 'unreachable' : '');
    /** The other members of the error body. */
    this.body = body ?? {};
    /** In seconds. */
    this.retryAfter = Number(headers?.get('Retry-After')) || 0;
    /** The fields of a 422, by name. @type {Record<string, string>} */
    this.fields = {};
    for (const { loc, msg } of Array.isArray(body?.detail) ? body.detail : []) {
      this.fields[loc.slice(1).join('.')] ??= msg;
    }
  }

  /** Whether the same request may succeed later. */
  get isTemporary() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** @param {number} status */
const messageOf = (status) => (status === 0 ? 'The server cannot be reached' : status === 422 ? 'Something in it is not valid' : `The server answered ${status}`);

/**
 * @typedef {object} Options
 * @property {Record<string, string | number | boolean | null | undefined>} [query] Those that are null or undefined are left out.
 * @property {unknown} [body] Sent as JSON.
 * @property {string} [key] An idempotency key.
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 *
 * @typedef {object} Page
 * @property {any} body
 * @property {string | null} next The cursor of the next page.
 * @property {string | null} previous The cursor of the page before, in walks with `from_depth`.
 * @property {Headers} headers
 */

/**
 * Sends a request, and returns the response as it comes. Throws an {@link ApiError} for every status but 2xx.
 * @param {string} method
 * @param {string} path Below `/api/v1/`, without a slash at its beginning.
 * @param {Options} [options]
 */
export async function send(method, path, options = {}) {
  const ended = sessionSignal();
  let response = await attempt(method, path, options, ended);
  if (response.status === 401) {
    dropAccessToken();
    response = await attempt(method, path, options, ended);
  }
  return checked(response);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Options} options
 * @param {AbortSignal} ended Aborted when the session ends.
 */
async function attempt(method, path, { query, body, key, headers, signal }, ended) {
  const url = new URL(path, API_ROOT);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined) url.searchParams.set(name, String(value));
  }
  const token = await accessToken();
  if (ended.aborted) throw sessionEnded();
  const head = new Headers({ Accept: 'application/json', ...headers });
  head.set('Authorization', `Bearer ${token}`);
  if (body !== undefined) head.set('Content-Type', 'application/json');
  if (key) head.set('Idempotency-Key', key);
  // A stream would go on.
  const ending = signal ?? (head.get('Accept') === EVENTS ? ended : undefined);
  const response = await reach(url, { method, headers: head, body: body === undefined ? undefined : JSON.stringify(body), signal: ending, credentials: 'omit' }).catch((error) => error);
  if (ended.aborted) throw sessionEnded();
  if (response instanceof Response) return response;
  throw response;
}

/**
 * `fetch`, whose failure to reach the server is an {@link ApiError} with the status 0.
 * @param {string | URL} url
 * @param {RequestInit} init
 */
export async function reach(url, init) {
  try {
    return await fetch(url, { ...init, redirect: 'error' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, null);
  }
}

/** @param {Response} response */
export async function checked(response) {
  if (response.ok) return response;
  throw new ApiError(response.status, await response.json().catch(() => null), response.headers);
}

/**
 * Sends a request, and reads the JSON of its response.
 * @param {string} method
 * @param {string} path
 * @param {Options} [options]
 */
export async function call(method, path, options) {
  const response = await send(method, path, options);
  return response.status === 204 ? null : response.json();
}

/**
 * Reads a page of a list.
 * @param {string} path
 * @param {Options['query']} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Page>}
 */
export async function page(path, query, signal) {
  const response = await send('GET', path, { query, signal });
  const link = response.headers.get('Link') ?? '';
  return { body: await response.json(), next: cursorIn(link, 'next'), previous: cursorIn(link, 'prev'), headers: response.headers };
}

/**
 * @param {string} link
 * @param {string} relation
 */
function cursorIn(link, relation) {
  const found = new RegExp(`<([^>]*)>; rel="${relation}"`).exec(link);
  return found ? new URL(found[1], API_ROOT).searchParams.get('cursor') : null;
}

/** As many as a UUID has, which `crypto` makes on HTTPS alone. */
const KEY_BYTES = 16;

/** A key for a request that shall be carried out once, however often it is sent. */
export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(KEY_BYTES)), (byte) => byte.toString(16).padStart(2, '0')).join('');
