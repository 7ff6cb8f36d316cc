// @ts-check
// The settings of the open chat, beside its line. Unsaved changes survive a reload.

import { useFocusKept, useFocusReturned } from '../lib/focus.js';
import { html, useEffect, useRef, useSignal } from '../lib/html.js';
import { attempt } from '../lib/notices.js';
import { hrefOf, route } from '../lib/router.js';
import { NAME_LENGTH, updateChat } from '../state/chats.js';
import { chat } from '../state/current.js';
import { loadModels, models } from '../state/models.js';
import { errorsOf, Field, focusWrong } from './field.js';
import { TagsField } from './tags.js';

/** The prefix of the key for the unsaved changes of a chat, before its id. */
const UNSAVED_PREFIX = 'banyan-settings:';

/**
 * @typedef {import('../state/current.js').Chat} Chat
 * @typedef {{name: string, model: string, hasInstructions: '' | 'own' | 'none', instructions: string, truncation: string, tags: string[], pinned: boolean, archived: boolean}} Form What the panel shows; an empty text of a setting is the default.
 */

/** The names of the fields in the status after saving. @type {Record<keyof Form, string>} */
const CALLED = { name: 'name', model: 'model', hasInstructions: 'instructions', instructions: 'instructions', truncation: 'long chats', tags: 'tags', pinned: 'pin', archived: 'archive' };

export default function ChatSettings() {
  const open = chat.value;
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusReturned(heading, true);
  const withoutPanel = hrefOf({ ...route.value, panel: undefined });
  return html`
    <header class="bar">
      <a class="button icon back" href=${withoutPanel} aria-label="Back to the chat">←</a>
      <h1 ref=${heading} tabindex="-1">Settings</h1>
      <a class="button icon close" href=${withoutPanel} aria-label="Close the settings">×</a>
    </header>
    <div class="scroll">${open ? html`<${Settings} key=${open.chat_id} chat=${open} />` : html`<p class="loading" role="status">Loading</p>`}</div>
  `;
}

/** @param {Chat} chat @returns {Form} */
const formOf = ({ name, settings: { model, instructions, truncation }, tags, pinned, active }) =>
  ({ name, model: model ?? '', hasInstructions: instructions === null ? '' : instructions ? 'own' : 'none', instructions: instructions ?? '', truncation: truncation ?? '', tags, pinned, archived: !active });

/**
 * The fields of update-chat for what was changed. Settings are replaced whole.
 * @param {Chat} chat
 * @param {Partial<Form>} changed
 */
function updateOf(chat, { model, hasInstructions, instructions, truncation, archived, ...fields }) {
  const settings = Object.entries({ model, truncation }).filter(([, value]) => value !== undefined).map(([key, value]) => [key, value || null]);
  if (hasInstructions !== undefined || instructions !== undefined) settings.push(['instructions', instructionsOf({ ...formOf(chat), ...definedOf({ hasInstructions, instructions }) })]);
  return {
    ...fields,
    ...(archived !== undefined && { active: !archived }),
    ...(settings.length > 0 && { settings: { ...chat.settings, ...Object.fromEntries(settings) } }),
  };
}

/** Of the API, null is the default, and an empty text is none. @param {Form} form */
const instructionsOf = ({ hasInstructions, instructions }) => (hasInstructions === 'own' ? instructions || null : hasInstructions === 'none' ? '' : null);

/**
 * The fields that are not undefined.
 * @template {object} T
 * @param {T} fields
 */
const definedOf = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/**
 * The unsaved changes of a chat, by field: what was not touched follows the server.
 * @param {string} id
 */
function useUnsaved(id) {
  const key = UNSAVED_PREFIX + id;
  const unsaved = useSignal(/** @type {Partial<Form>} */ (JSON.parse(sessionStorage.getItem(key) ?? '{}')));
  const set = (/** @type {Partial<Form>} */ next) => {
    unsaved.value = next;
    if (Object.keys(next).length > 0) sessionStorage.setItem(key, JSON.stringify(next));
    else sessionStorage.removeItem(key);
  };
  return { unsaved: unsaved.value, set };
}

/** @param {{chat: Chat}} props */
function Settings({ chat }) {
  const { unsaved, set } = useUnsaved(chat.chat_id);
  const part = useRef(/** @type {HTMLElement | null} */ (null));
  useFocusKept(part);
  const errors = useSignal(/** @type {import('./field.js').Errors} */ ({}));
  const said = useSignal('');
  const isBusy = useSignal(false);
  const stored = formOf(chat);
  const form = { ...stored, ...unsaved };
  const isChanged = Object.keys(unsaved).length > 0;

  const change = (/** @type {Partial<Form>} */ fields) => {
    said.value = '';
    // A value as stored is no change.
    const next = Object.entries({ ...unsaved, ...fields }).filter(([name, value]) => String(value) !== String(stored[/** @type {keyof Form} */ (name)]));
    set(Object.fromEntries(next));
  };
  const save = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const element = event.currentTarget;
    errors.value = {};
    isBusy.value = true;
    const work = async () => {
      await updateChat(chat.chat_id, updateOf(chat, unsaved));
      said.value = `Saved: ${[...new Set(Object.keys(unsaved).map((name) => CALLED[/** @type {keyof Form} */ (name)]))].join(', ')}`;
      set({});
    };
    await attempt(() => work().catch((error) => (errors.value = errorsOf(error))));
    isBusy.value = false;
    focusWrong(element);
  };
  return html`
    <form ref=${part} class="form settings" novalidate onSubmit=${save}>
      <${Fields} form=${form} change=${change} errors=${errors.value} />
      <div class="row save">
        <button class="primary" disabled=${!isChanged || isBusy.value}>Save</button>
        ${isChanged && html`<button type="button" class="quiet" onClick=${() => set({})}>Discard the changes</button>`}
        <span class="muted" role="status">${said.value || (isChanged ? 'Not saved yet' : '')}</span>
      </div>
    </form>
  `;
}

/** @param {{form: Form, change: (fields: Partial<Form>) => void, errors: import('./field.js').Errors}} props */
function Fields({ form, change, errors }) {
  const text = (/** @type {keyof Form} */ name) => (/** @type {any} */ event) => change({ [name]: event.target.value });
  const check = (/** @type {keyof Form} */ name) => (/** @type {any} */ event) => change({ [name]: event.target.checked });
  const wrongTags = Object.entries(errors).find(([field]) => field.startsWith('tags'));
  return html`
    <${Field} label="Name" name="name" errors=${errors} dir="auto" maxlength=${NAME_LENGTH} autocomplete="off" value=${form.name} onInput=${text('name')} />
    <${ModelField} model=${form.model} error=${errors['settings.model']} change=${text('model')} />
    <${Field} label="Instructions" name="hasInstructions" as="select" value=${form.hasInstructions} onChange=${text('hasInstructions')} hint="What the model is told first, before your questions.">
      <option value="">The default of this server</option>
      <option value="own">My own</option>
      <option value="none">None</option>
    <//>
    ${form.hasInstructions === 'own' && html`<${Field} label="My instructions" name="settings.instructions" as="textarea" rows="5" dir="auto" errors=${errors} value=${form.instructions} onInput=${text('instructions')} />`}
    <${Field} label="When the chat is too long for the model" name="settings.truncation" as="select" errors=${errors} value=${form.truncation} onChange=${text('truncation')}>
      <option value="">The default of this server</option>
      <option value="auto">Leave out the oldest messages</option>
      <option value="disabled">Refuse the question</option>
    <//>
    <${TagsField} tags=${form.tags} change=${(/** @type {string[]} */ tags) => change({ tags })} />
    ${wrongTags && html`<p class="field-error">${wrongTags[1]}</p>`}
    <label class="check"><input type="checkbox" checked=${form.pinned} onChange=${check('pinned')} /> Pinned: above all other chats</label>
    <label class="check"><input type="checkbox" checked=${form.archived} onChange=${check('archived')} /> Archived: hidden from the list of chats</label>
  `;
}

/**
 * The models that the server offers, and the chosen one, also where it is not among them any more.
 * @param {{model: string, error?: string, change: (event: Event) => void}} props
 */
function ModelField({ model, error, change }) {
  useEffect(() => void loadModels(), []);
  const offered = models.value ?? [];
  return html`
    <${Field} label="Model" name="model" as="select" errors=${error ? { model: error } : {}} value=${model} onChange=${change} aria-busy=${models.value ? 'false' : 'true'}>
      <option value="">The default of this server</option>
      ${model && !offered.includes(model) && html`<option value=${model}>${model}${models.value ? ' (not offered now)' : ''}</option>`}
      ${offered.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}
    <//>
  `;
}
