// @ts-check
// Begins to load what the link leads to, while the entry of the page is still on its way. So it imports next to nothing.

import { isUserExpected, preload, preloadRoute } from './lib/preload.js';

if (isUserExpected()) preloadRoute();
else void preload('sign-in');
