// @ts-check
// Server-sent events, read from the body of a response: an EventSource could send no token.

/**
 * @typedef {object} ServerEvent
 * @property {string} id The id of this event, or of the last one that had one.
 * @property {string} event Its type.
 * @property {string} data
 */

/**
 * A parser to which a stream is pushed in pieces, which may end anywhere. `push` returns the events that are complete by then.
 */
export function eventParser() {
  let rest = '';
  let id = '';
  let event = '';
  /** @type {string[]} */
  let data = [];

  /** @param {string} line */
  function take(line) {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
    // `retry` is for who does not choose pauses by itself; a comment has an empty field.
  }

  /** An empty line ends an event; one without data is none. */
  function end() {
    const complete = data.length > 0 ? { id, event: event || 'message', data: data.join('\n') } : null;
    event = '';
    data = [];
    return complete;
  }

  /** @param {string} piece */
  function push(piece) {
    // A line end may be CR, LF or both; whether a CR at the end of the piece is half of one shows with the next.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    /** @type {ServerEvent[]} */
    const events = [];
    for (const line of lines) {
      if (line !== '') take(line);
      else {
        const complete = end();
        if (complete) events.push(complete);
      }
    }
    return events;
  }
  return { push };
}

/**
 * The events of a stream, those that came together at once. It ends, too, when nothing came for `silenceMs`, not even a comment.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @param {number} silenceMs
 */
export async function* readEvents(body, silenceMs) {
  const parser = eventParser();
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  try {
    for (;;) {
      const timer = setTimeout(cancel, silenceMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      const events = parser.push(value);
      if (events.length > 0) yield events;
    }
  } finally {
    cancel();
  }
}
