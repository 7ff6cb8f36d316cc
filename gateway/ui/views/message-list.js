// @ts-check
// The messages of the line, and at their end what is on its way: questions that are not sent yet, and the answer that is being written.

import { computed, html, useEffect, useLayoutEffect, useRef, useSignal } from '../lib/html.js';
import { autofocusField } from '../lib/keys.js';
import { untilLoaded } from '../lib/preload.js';
import { keepPlace } from '../lib/reading-place.js';
import { branchId, chatId } from '../state/current.js';
import { extend, seen } from '../state/line-growth.js';
import { landing, line, retry, showEnd } from '../state/line.js';
import { upTo } from '../state/line-window.js';
import { TEST_MODEL } from '../state/models.js';
import { unsent } from '../state/outbox.js';
import { followed, shownRun } from '../state/runs.js';
import { Lazy } from './lazy.js';
import { isMarkdownReady, loadMarkdown } from './markdown.js';
import { useChunks } from './message-chunks.js';
import { elementId, MessageView, Question } from './message.js';
import { Icon } from './message-icons.js';
import { Place } from './message-place.js';

const runningAnswer = () => import('./message-running.js').then(({ RunningAnswer }) => RunningAnswer);
const unsentQuestion = () => import('./message-running.js').then(({ UnsentQuestion }) => UnsentQuestion);

/** After the last scrolling before the place is kept, in milliseconds. */
const REST_MS = 250;

export function MessageList() {
  const { id, messages, busy, failed } = line.value;
  const isNeeded = messages.length > 0 || shownRun.value !== null;
  useEffect(() => {
    if (isNeeded) void loadMarkdown();
  }, [isNeeded]);
  if (failed) return html`<div class="scroll line"><div class="empty"><p>${failed}</p><button type="button" onClick=${retry}>Try again</button></div></div>`;
  if (id === null || (messages.length > 0 && !isMarkdownReady.value)) return html`<div class="scroll line"><p class="loading" role="status">Loading</p></div>`;
  return html`<${Messages} key=${chatId.value} isBusy=${busy} />`;
}

/** The question or answer that one waits for. */
const awaited = computed(() => shownRun.value ?? unsent.value.find(({ key }) => key === followed.value) ?? null);
/** The part of the line that is shown: where an earlier question is asked anew, what comes before it. */
const shownMessages = computed(() => (awaited.value ? upTo(line.value.messages, awaited.value.parent) : line.value.messages));

/** @param {{isBusy: boolean}} props */
function Messages({ isBusy }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const content = useRef(/** @type {HTMLElement | null} */ (null));
  const { branch, newer } = line.value;
  const [messages, run] = [shownMessages.value, shownRun.value];
  const { isWhole, rendered } = useChunks(messages);
  useKeptFocus(content);
  const place = usePlace(box, content, isWhole);
  const waiting = unsent.value.filter(({ key }) => key !== run?.key);
  const isEmpty = messages.length === 0 && waiting.length === 0 && !run;
  const isBegun = !isEmpty && !awaited.value && !newer && branch?.parent_branch_id && branch.message_count === 0;
  const hasOlder = (messages[0]?.depth ?? 1) > 1;
  const tested = hasOlder ? null : (messages.find(({ generation }) => generation?.model === TEST_MODEL) ?? run);
  return html`
    <section class="scroll line" ref=${box} tabindex="0" role="log" aria-live="off" aria-label="Messages" data-keys aria-busy=${isBusy}>
      <div class="messages" ref=${content}>
        ${hasOlder && html`<p class="muted edge">Earlier messages are loading</p>`}
        ${isEmpty && html`<${Lesson} />`}
        ${rendered.map((message) => html`<${MessageView} key=${message.response_id} message=${message} isLast=${message === messages.at(-1) && !run} isTest=${message === tested} />`)}
        ${run && html`<${Lazy} key=${run.key} load=${runningAnswer} props=${{ run, isTest: run === tested }}><span /><//>`}
        ${waiting.map((entry) => html`<${Lazy} key=${entry.key} load=${unsentQuestion} props=${{ entry }}><${Question} text=${entry.question} /><//>`)}
        ${isBegun && html`<p class="muted begun">This branch has no messages of its own yet. What you ask next begins it.</p>`}
      </div>
    </section>
    ${place.current && html`<${ToEnd} isAtEnd=${place.current.isAtEnd} />`}
  `;
}

/**
 * Gives the focus to the last message where what had it by the keyboard is gone, as an answer that has become a message; with a mouse, to the field.
 * @param {{current: HTMLElement | null}} content
 */
function useKeptFocus(content) {
  const had = content.current?.contains(document.activeElement) ? document.activeElement : null;
  const wasVisible = had?.matches(':focus-visible');
  useLayoutEffect(() => {
    if (!had || document.activeElement !== document.body) return;
    if (!wasVisible) return void autofocusField();
    const all = /** @type {HTMLElement[]} */ ([...(content.current?.querySelectorAll(':scope > .message') ?? [])]);
    all.at(-1)?.focus({ preventScroll: true });
  });
}

/**
 * Keeps the place, and goes where the state says.
 * @param {{current: HTMLElement | null}} box
 * @param {{current: HTMLElement | null}} content
 * @param {() => boolean} isWhole Whether all that is loaded is rendered.
 */
function usePlace(box, content, isWhole) {
  const place = useRef(/** @type {Place | null} */ (null));
  const isKept = useSignal(false);
  useLayoutEffect(() => {
    if (!box.current || !content.current) return;
    const kept = new Place(box.current, content.current, { needs: (side) => isWhole() && extend(side), hasNewer: () => line.peek().newer || !isWhole(), sees });
    place.current = kept;
    isKept.value = true;
    const keys = untilLoaded(() => import('./message-keys.js')).then(({ addLineKeys }) => addLineKeys(kept));
    const forget = keepReading(box.current, () => {
      const { id, busy } = line.peek();
      // Not while another entry leads elsewhere.
      if (id && !busy && id === branchId.peek()) keepPlace(id, kept.reading());
    });
    return () => {
      void keys.then((remove) => remove());
      forget();
      kept.end();
    };
  }, []);
  useLayoutEffect(() => land(place.current), [landing.value, isKept.value]);
  useLayoutEffect(() => {
    // What one has just asked is to be seen.
    if (awaited.value && awaited.value.key === followed.peek()) place.current?.toEnd();
  }, [awaited.value?.key]);
  useLayoutEffect(() => place.current?.settle());
  return place;
}

/**
 * Has the place kept when one has scrolled, has gone elsewhere in the same chat, or leaves the page.
 * @param {HTMLElement} box
 * @param {() => void} keep
 */
function keepReading(box, keep) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(keep, REST_MS);
  };
  const listening = new AbortController();
  const { signal } = listening;
  box.addEventListener('scroll', later, { passive: true, signal });
  addEventListener('hashchange', later, { signal });
  addEventListener('pagehide', keep, { signal });
  return () => {
    clearTimeout(timer);
    listening.abort();
  };
}

/** @param {string} element */
function sees(element) {
  const { messages } = line.peek();
  seen.depth = messages.find(({ response_id }) => elementId(response_id) === element)?.depth ?? seen.depth;
}

/** @param {Place | null} place */
function land(place) {
  if (!place) return;
  const { message, top, focus } = landing.peek();
  if (message) place.toElement(elementId(message), top);
  else place.toEnd();
  if (top !== undefined) return;
  const target = document.getElementById(elementId(message ?? focus ?? ''));
  target?.focus({ preventScroll: true });
  if (!message || !target) return;
  target.classList.remove('found');
  // Begins the animation anew where it is the same message again.
  void target.offsetWidth;
  target.classList.add('found');
}

/** @param {{isAtEnd: import('../vendor/signals.js').Signal<boolean>}} props */
const ToEnd = ({ isAtEnd }) =>
  !isAtEnd.value && html`<div class="to-end"><button type="button" onClick=${showEnd}><${Icon} name="down" />To the end</button></div>`;

const Lesson = () => html`
  <div class="empty lesson">
    <p>Ask something below. Every answer can grow another branch: edit a question, regenerate an answer, or branch where you like. Nothing is overwritten, and the tree shows it all.</p>
  </div>
`;
