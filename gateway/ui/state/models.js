// @ts-check
// The models that may answer, and the one that is chosen for the next question.

import { ApiError, call } from '../lib/api.js';
import { computed, signal } from '../lib/html.js';
import { chat, chatId } from './current.js';

/** The names of the models; null as long as they are not known, empty where the deployment has none. */
export const models = signal(/** @type {string[] | null} */ (null));

/** The model that is built in, for who has none yet: it says the question again. */
export const TEST_MODEL = 'banyan/echo';
/** Whether there is no other one. */
export const isTestOnly = computed(() => models.value?.length === 1 && models.value[0] === TEST_MODEL);

/** The chosen models, by chat; the page forgets them, as the settings of a chat are what lasts. */
const chosen = signal(/** @type {Record<string, string | undefined>} */ ({}));

/** The model that was chosen for the open chat; undefined leaves it to the chat's settings. */
export const model = computed(() => chosen.value[chatId.value ?? '']);
/** The model of the chat's settings; empty for the deployment's default. */
export const settledModel = computed(() => chat.value?.settings.model ?? '');

/** The model that answers the next question. Where nothing is chosen it is the first, which stands for the default. */
export const nextModel = computed(() => model.value || settledModel.value || models.value?.[0]);

/** @param {string} name Empty for that of the chat's settings. */
export function chooseModel(name) {
  chosen.value = { ...chosen.peek(), [chatId.peek() ?? '']: name || undefined };
}

/** Reads the models, once. */
export async function loadModels() {
  if (models.peek()) return;
  try {
    models.value = (await call('GET', 'models/get-models')).map((/** @type {{model: string}} */ one) => one.model);
  } catch (error) {
    // A deployment without models says so by not having the route. Else a question finds out.
    if (error instanceof ApiError && error.status === 404) models.value = [];
  }
}
