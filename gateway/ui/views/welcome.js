// @ts-check
// What is shown where no chat is open: what Banyan's words mean, and ways to begin.

import { html, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { createChat } from '../state/chats.js';

const WORDS = [
  ['A chat', 'is a tree of questions and answers. You read one line of it at a time, from the first question to the end of a branch.'],
  ['A branch', 'is another way to go on. Make one at any answer, give it a name, and come back to each when you like.'],
  ['A version', 'is what you get when you edit a question or ask for the answer again. The old one stays beside it: switch with ‹\u00a01\u00a0/\u00a02\u00a0›.'],
];

const QUESTIONS = ['Plan a weekend in Lisbon for two', 'Explain how a banyan tree grows, in three sentences', 'Five names for a small bakery, and what each says'];

export function Welcome() {
  const isBusy = useSignal(false);
  const begin = async (/** @type {string} */ draft) => {
    isBusy.value = true;
    await attempt(() => createChat({}, draft));
    isBusy.value = false;
  };
  return html`
    <div class="scroll">
      <div class="page welcome">
        <header>
          <h2>Ask something, then try it another way</h2>
          <p class="muted">Nothing that you ask is ever overwritten.</p>
        </header>
        <dl class="words">${WORDS.map(([word, text]) => html`<div key=${word}><dt>${word}</dt><dd>${text}</dd></div>`)}</dl>
        <button type="button" class="primary" disabled=${isBusy} onClick=${() => begin('')}>Begin a chat</button>
        <div class="samples">
          <h3>Or begin with one of these</h3>
          <ul>${QUESTIONS.map((text) => html`<li key=${text}><button type="button" disabled=${isBusy} onClick=${() => begin(text)}>${text}</button></li>`)}</ul>
        </div>
      </div>
    </div>
  `;
}
