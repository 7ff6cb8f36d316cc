// Finds elements as a person or a screen reader does: by role and name.

const SELECTORS = {
  button: 'button, [role="button"], summary',
  link: 'a[href]',
  textbox: 'input:not([type="checkbox"]):not([type="radio"]), textarea',
  checkbox: 'input[type="checkbox"]',
  radio: 'input[type="radio"]',
  combobox: 'select',
  heading: 'h1, h2, h3, h4',
  article: 'article',
  treeitem: '[role="treeitem"]',
  dialog: 'dialog[open]',
  menuitem: '.menu[open] :is(button, a), [role="menuitem"]',
  alert: '[role="alert"], [role="status"]',
};

/** A message that is stored. */
const MESSAGE = 'article.message:has(.message-foot)';

const isVisible = (element) => element.checkVisibility({ checkVisibilityCSS: true }) && element.getClientRects().length > 0;
const squeezed = (text) => (text ?? '').replace(/\s+/g, ' ').trim();

function nameOf(element) {
  const labelled = element.getAttribute('aria-labelledby');
  if (labelled) return squeezed(labelled.split(' ').map((id) => document.getElementById(id)?.textContent).join(' '));
  const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent;
  return squeezed(label ?? element.textContent) || squeezed(element.placeholder ?? element.title);
}

function find(role, name) {
  // What is behind an open dialog cannot be reached.
  const root = (role !== 'dialog' && document.querySelector('dialog[open]')) || document;
  const isNamed = name.endsWith('...') ? (found) => found.startsWith(name.slice(0, -3)) : (found) => found === name;
  const candidates = [...root.querySelectorAll(SELECTORS[role] ?? `[role="${role}"]`)];
  return candidates.find((element) => isVisible(element) && !element.disabled && isNamed(nameOf(element))) ?? null;
}

const isShown = (text) => squeezed(document.body.innerText).includes(text);

/** Calls back with the value of a condition once that is true. */
function until(condition, given) {
  const args = [...given];
  const done = args.pop();
  globalThis.args = args;
  const look = () => {
    const value = condition();
    if (value) done(value);
    else requestAnimationFrame(look);
  };
  look();
}

const count = (selector) => [...document.querySelectorAll(selector)].filter(isVisible).length;

function isInView(element) {
  const box = element?.getBoundingClientRect();
  return Boolean(box) && box.bottom > 0 && box.top < innerHeight;
}

/** How far within its edges an element is looked at, where its corners are round. */
const INSET_PX = 6;

/** Whether all of an element is in view, and nothing lies over it. */
function isUncovered(element) {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const isOnTop = (x, y) => element.contains(document.elementFromPoint(x, y));
  return [left + INSET_PX, (left + right) / 2, right - INSET_PX].every((x) => [top + INSET_PX, bottom - INSET_PX].every((y) => isOnTop(x, y)));
}
