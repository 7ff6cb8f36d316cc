// @ts-check
// Titles for chats and branches without a name. Pure.

/** The longest name that is made of a question, in characters. */
const NAME_LENGTH = 60;
/** The length of previews of the API, in characters. */
const PREVIEW_LENGTH = 80;

/** The title of the branch that a chat begins with; the API calls it the trunk. */
export const FIRST_BRANCH = 'First branch';

/** A text without the signs of Markdown, on one line. @param {string} text */
const plain = (text) =>
  text
    .replace(/^\s*(#{1,6}|>|[-*+]|```\w*)(\s+|$)/gm, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/`|~~|\*\*(?=\S)|(?<=\S)\*\*/g, '')
    .replace(/(^|\W)([*_])(?=\S)(.*?\S)\2(?!\w)/g, '$1$3')
    .replace(/\s+/g, ' ')
    .trim();

/**
 * The beginning of a question, to name something by: plain, and cut after a word.
 * @param {string} question
 * @param {{length?: number, isCut?: boolean}} [options] `isCut`: whether the question goes on after what is given.
 */
export function excerpt(question, { length = NAME_LENGTH, isCut = false } = {}) {
  const text = [...plain(question)];
  if (text.length <= length && !isCut) return text.join('');
  const begun = text.slice(0, length).join('');
  // The last word may not be whole; where there is but one, or it fills half of the place, it is cut.
  const end = begun.search(/\s\S*$/);
  const kept = end > length / 2 ? begun.slice(0, end) : begun;
  return kept && `${kept.replace(/[\s.,;:…]+$/, '')}…`;
}

/** Whether a question may go on after its preview: then questions with the same one may differ. @param {string} preview */
export const isCut = (preview) => [...preview].length >= PREVIEW_LENGTH;

/** The beginning of a question of which the API has given a preview. @param {string} preview @param {number} [length] */
export const ofPreview = (preview, length) => excerpt(preview, { length, isCut: isCut(preview) });

/**
 * The title of a branch: its name, else its first question.
 * @param {{name: string | null, preview: string | null}} branch
 */
export const titleOf = ({ name, preview }) => name ?? (ofPreview(preview ?? '', PREVIEW_LENGTH) || 'No messages yet');
