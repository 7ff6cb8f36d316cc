// @ts-check
// Locks: work that one tab does at a time. Browsers have Web Locks on HTTPS and on the machine's own addresses alone: on plain HTTP in a
// network each tab waits for itself, and the server's own checks (a refresh token counts once, a key sends once) are what is left.

/** The last of those that wait here, by lock, where there are no Web Locks. @type {Map<string, Promise<unknown>>} */
const queues = new Map();

/**
 * Does something when it alone has the lock.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export function withLock(name, work) {
  return navigator.locks ? /** @type {Promise<T>} */ (navigator.locks.request(name, work)) : queued(name, work);
}

/**
 * Does something at once, whoever has the lock, and tells whether nobody had.
 * @param {string} name
 * @param {() => Promise<unknown>} work
 * @returns {Promise<boolean>}
 */
export async function withoutWaiting(name, work) {
  const atOnce = async (/** @type {boolean} */ isFree) => {
    await work();
    return isFree;
  };
  if (navigator.locks) return navigator.locks.request(name, { ifAvailable: true }, (lock) => atOnce(lock !== null));
  return queues.has(name) ? atOnce(false) : queued(name, () => atOnce(true));
}

/**
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
function queued(name, work) {
  const done = (queues.get(name) ?? Promise.resolve()).then(work);
  const settled = done.catch(() => {}).then(() => {
    if (queues.get(name) === settled) queues.delete(name);
  });
  queues.set(name, settled);
  return done;
}
