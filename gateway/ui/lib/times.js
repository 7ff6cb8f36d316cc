// @ts-check
// Times as people say them. All of a page are told by one clock, which goes by minutes, so that no two of them disagree.

import { signal } from './html.js';

const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'narrow' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const YEAR = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** Between two ticks of the clock, in milliseconds. */
const TICK_MS = 60_000;

/** The units of relative times, in seconds, up to where each is used. What is younger than a minute is now. */
const UNITS = /** @type {const} */ ([['second', 60, 60], ['minute', 60, 3_600], ['hour', 3_600, 86_400], ['day', 86_400, 7 * 86_400]]);

/** The time by which others are told. Who reads it is rendered again when it ticks. */
const clock = signal(Date.now());
const tick = () => {
  if (!document.hidden) clock.value = Date.now();
};
setInterval(tick, TICK_MS);
document.addEventListener('visibilitychange', tick);

/**
 * `3 hr. ago`, or the date of what is older than a week.
 * @param {string | null | undefined} time In RFC 3339.
 */
export function shortTime(time, now = clock.value) {
  if (!time) return '';
  const date = new Date(time);
  const seconds = (date.getTime() - now) / 1000;
  for (const [unit, size, limit] of UNITS) {
    if (Math.abs(seconds) < limit) return RELATIVE.format(Math.trunc(seconds / size), unit);
  }
  return (date.getFullYear() === new Date(now).getFullYear() ? DAY : YEAR).format(date);
}

/**
 * The whole time, for titles.
 * @param {string | null | undefined} time In RFC 3339.
 */
export const fullTime = (time) => (time ? FULL.format(new Date(time)) : '');
