// @ts-check
// Tasks of the main thread, which must be short, as nothing else happens meanwhile.

/** Ends the task: what waits is done first. Resolves in the next one. */
export const yieldToMain = () => /** @type {any} */ (globalThis).scheduler?.yield?.() ?? new Promise((resume) => setTimeout(resume));
