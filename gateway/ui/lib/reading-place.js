// @ts-check
// The reading place, kept in the history, so that reloading, and going back and forward, lead there.

/** @typedef {{branch: string, message: string, top: number}} ReadingPlace The message at the upper edge, and how far below it that is, in pixels. */

/** The reading place on a branch when the entry of the history was left; undefined for its end. @param {string} branch */
export function placeOf(branch) {
  const place = /** @type {ReadingPlace | null | undefined} */ (history.state?.place);
  return place?.branch === branch ? place : undefined;
}

/**
 * Keeps the place in the entry that is shown.
 * @param {string} branch
 * @param {Omit<ReadingPlace, 'branch'> | null} place Null for the end.
 */
export const keepPlace = (branch, place) => history.replaceState(place && { place: { ...place, branch } }, '');
