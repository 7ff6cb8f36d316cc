// @ts-check
// Until when what was deleted can be restored.

import { page } from './api.js';

const UNTIL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** A time in the future, such as "Nov 30, 2026, 4:00 PM". @param {string} time In RFC 3339. */
export const untilTime = (time) => UNTIL.format(new Date(time));

/**
 * A sentence of until when something can be restored that was just deleted; empty where that cannot be found out now.
 * @param {string} path The list of what is deleted, the last first.
 * @param {Record<string, string>} query
 * @param {(one: any) => boolean} isIt
 */
export async function restorable(path, query, isIt) {
  const found = await page(path, { ...query, limit: 1 }).then(({ body }) => body.find(isIt), () => null);
  return found ? `. It can be restored until ${untilTime(found.purge_at)}.` : '';
}
