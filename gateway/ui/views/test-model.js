// @ts-check
// The notice that no AI answers: the built-in model repeats the question.

import { html } from '../lib/html.js';
import { isTestOnly, TEST_MODEL } from '../state/models.js';

/** @param {{model: string | undefined, isShort?: boolean}} props Shows nothing for other models. `isShort`: where it is said elsewhere what to do. */
export const TestModel = ({ model, isShort = false }) =>
  model === TEST_MODEL && html`
    <p class="test-model">
      Test model: it repeats your question.
      ${!isShort && isTestOnly.value && html` No AI is connected yet; see <a href="../docs/#/models" target="_blank" rel="noopener">how models are connected</a>.`}
    </p>
  `;
