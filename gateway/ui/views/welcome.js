// @ts-check
// The view without an open chat: a field for the first question of a new one, and the meaning of Banyan's terms.

import { html, useEffect, useRef, useSignal } from '../lib/html.js';
import { keepDraft } from '../lib/drafts.js';
import { autofocusField } from '../lib/keys.js';
import { excerpt } from '../lib/names.js';
import { attempt } from '../lib/notices.js';
import { withViews } from '../lib/preload.js';
import { hrefOf, route } from '../lib/router.js';
import { loadModels, nextModel } from '../state/models.js';
import { isSend, useDraft } from './message-field.js';
import { Icon } from './message-icons.js';
import { TestModel } from './test-model.js';

const WORDS = [
  ['A chat', 'is a tree of questions and answers. You read one branch of it at a time, from the first question to the last answer.'],
  ['A branch', 'is another way to go on. Make one at any answer, give it a name, and come back to each when you like.'],
  ['A version', 'is what you get when you edit a question or ask for the answer again. It is a branch, too: the old one stays beside it, with all that follows. Switch with ‹\u00a01\u00a0/\u00a02\u00a0›.'],
];

const QUESTIONS = ['Plan a weekend in Lisbon for two', 'Explain how a banyan tree grows, in three sentences', 'Five names for a small bakery, and what each says'];
/** The name of the draft of a chat that is not there yet. */
const DRAFT = 'new';

export function Welcome() {
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const { text, write } = useDraft(DRAFT, field);
  const isBusy = useSignal(false);
  useEffect(() => {
    void loadModels();
    // Who asks for a new chat is to write it, and not to search the list.
    if (route.peek().name === 'new') autofocusField();
  }, []);
  const begin = async (/** @type {string} */ question) => {
    if (isBusy.value || !question.trim()) return;
    isBusy.value = true;
    await attempt(async () => {
      // What is shown first does without them.
      const [{ createChat }, { ask }] = await Promise.all([import('../state/chats.js'), withViews(import('../state/outbox.js'), 'answers')]);
      const { chat_id } = await createChat(excerpt(question));
      // The id of its first branch is that of the chat.
      ask({ chat: chat_id, branch: chat_id, parent: null, question });
      if (question === text.peek()) keepDraft(DRAFT, '');
    });
    isBusy.value = false;
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void begin(text.value);
  };
  return html`
    <div class="scroll">
      <div class="page welcome">
        <header>
          ${route.value.name === 'new' && html`<a class="button quiet back" href=${hrefOf({ name: 'chats' })}>‹ Chats</a>`}
          <h2>Ask something, then try it another way</h2>
          <p class="muted">Nothing that you ask is ever overwritten.</p>
        </header>
        <form class="composer" aria-label="Ask" onSubmit=${submit}>
          <div class="composer-field">
            <textarea ref=${field} rows="1" dir="auto" aria-label="Your question" enterkeyhint="send" placeholder="Ask something" data-typed value=${text}
              onInput=${() => write(field.current?.value ?? '')} onKeyDown=${(/** @type {KeyboardEvent} */ event) => isSend(event) && submit(event)}></textarea>
            <button type="submit" class="round primary" aria-label="Ask" title="Ask (Enter)" disabled=${isBusy.value || !text.value.trim()}><${Icon} name="send" /></button>
          </div>
          <${TestModel} model=${nextModel.value} />
        </form>
        <div class="samples">
          <h3>Or ask one of these</h3>
          <ul>${QUESTIONS.map((one) => html`<li key=${one}><button type="button" disabled=${isBusy} onClick=${() => begin(one)}>${one}</button></li>`)}</ul>
        </div>
        <dl class="words">${WORDS.map(([word, text]) => html`<div key=${word}><dt>${word}</dt><dd>${text}</dd></div>`)}</dl>
      </div>
    </div>
  `;
}
