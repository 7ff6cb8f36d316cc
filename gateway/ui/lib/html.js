// @ts-check
// Imports of every view: templates, and the state that they read.

import { Fragment, h, render } from '../vendor/preact.js';
import htm from '../vendor/htm.js';

export { Fragment, render };
export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from '../vendor/hooks.js';
export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from '../vendor/signals.js';

/** Makes a vnode of a template. Text is text: there is no way to HTML strings. */
export const html = htm.bind(h);

/**
 * Joins the class names whose condition holds.
 * @param {Record<string, unknown>} names
 */
export const classes = (names) => Object.keys(names).filter((name) => names[name]).join(' ');
