//! What a model has said so far, in chunks.

use crate::domain::{Chunk, ChunkKind, Finish, without_nul};
use crate::provider::{Event, FinishReason, Usage};
use crate::store::output_items;
use serde_json::{Value, json};
use shared::ids::ResponseId;

/// The most bytes of a chunk that is put together of several events.
const MAX_CHUNK_BYTES: usize = 8 << 10;
/// The most bytes of a response, of the reasoning, and of the tool calls.
const MAX_RESPONSE_BYTES: usize = 1 << 20;

/// What a model has said: the chunks that are not flushed yet, and all that the message keeps.
pub struct Transcript {
    id: ResponseId,
    /// The number of the last chunk that is flushed.
    flushed: i64,
    pending: Vec<Chunk>,
    text: String,
    reasoning_bytes: usize,
    calls: Vec<Chunk>,
    call_bytes: usize,
    usage: Option<Usage>,
}

debug_without_texts! { Transcript { id, flushed } }

impl Transcript {
    /// Nothing yet.
    pub const fn new(id: ResponseId) -> Self {
        Self {
            id,
            flushed: 0,
            pending: Vec::new(),
            text: String::new(),
            reasoning_bytes: 0,
            calls: Vec::new(),
            call_bytes: 0,
            usage: None,
        }
    }

    /// Adds an event, and returns the end if it is that.
    pub fn add(&mut self, event: Event) -> Option<Finish> {
        match event {
            Event::Text(text) => return self.add_text(text.replace('\0', "\u{fffd}")),
            Event::Reasoning(text) => {
                // What is too long is not worth the end of the response.
                if self.reasoning_bytes + text.len() <= MAX_RESPONSE_BYTES {
                    self.reasoning_bytes += text.len();
                    self.push(ChunkKind::Reasoning, text.replace('\0', "\u{fffd}"));
                }
            }
            Event::ToolCall(call) => return self.add_call(&without_nul(call)),
            Event::Usage(usage) => {
                self.usage = Some(usage);
                self.push(ChunkKind::Usage, json!(usage).to_string());
            }
            Event::Finished(reason) => return Some(reason.into()),
        }
        None
    }

    fn add_text(&mut self, mut text: String) -> Option<Finish> {
        let room = MAX_RESPONSE_BYTES - self.text.len();
        let is_over = text.len() > room;
        if is_over {
            text.truncate(text.floor_char_boundary(room));
        }
        self.text.push_str(&text);
        if !text.is_empty() {
            self.push(ChunkKind::Delta, text);
        }
        is_over.then(|| FinishReason::Length.into())
    }

    fn add_call(&mut self, call: &Value) -> Option<Finish> {
        let call = call.to_string();
        self.call_bytes += call.len();
        // With some room for what is around them.
        if self.call_bytes > MAX_RESPONSE_BYTES - MAX_CHUNK_BYTES {
            return Some(FinishReason::Length.into());
        }
        self.push(ChunkKind::ToolCall, call);
        self.calls.extend(self.pending.last().cloned());
        None
    }

    fn push(&mut self, kind: ChunkKind, data: String) {
        let is_text = matches!(kind, ChunkKind::Delta | ChunkKind::Reasoning);
        if let Some(last) = self.pending.last_mut()
            && is_text
            && last.kind == kind
            && last.data.len() + data.len() <= MAX_CHUNK_BYTES
        {
            last.data.push_str(&data);
            return;
        }
        let seq = self.pending.last().map_or(self.flushed, |last| last.seq) + 1;
        self.pending.push(Chunk { response_id: self.id, seq, kind, data });
    }

    /// The number of the last chunk that is flushed.
    pub const fn flushed(&self) -> i64 {
        self.flushed
    }

    /// The chunks that are not flushed.
    pub fn pending(&self) -> &[Chunk] {
        &self.pending
    }

    /// Whether there are as many bytes as a flush should have.
    pub fn is_full(&self) -> bool {
        self.pending.iter().map(|chunk| chunk.data.len()).sum::<usize>() >= MAX_CHUNK_BYTES
    }

    /// Takes the chunks that are flushed now.
    pub fn take_pending(&mut self) -> Vec<Chunk> {
        self.flushed = self.pending.last().map_or(self.flushed, |last| last.seq);
        std::mem::take(&mut self.pending)
    }

    /// The response.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The items of the response, as JSON.
    pub fn output_items(&self) -> Option<String> {
        output_items(&self.calls)
    }

    /// The usage, if the provider has told it.
    pub const fn usage(&self) -> Option<Usage> {
        self.usage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AnswerStatus;

    fn text(text: &str) -> Event {
        Event::Text(text.to_owned())
    }

    #[test]
    fn texts_between_two_flushes_are_one_chunk_and_numbers_have_no_gaps() {
        let mut transcript = Transcript::new(ResponseId::generate());
        for event in [text("a"), text("b"), Event::Reasoning("c".to_owned()), text("d\0")] {
            assert_eq!(transcript.add(event), None);
        }
        let chunks: Vec<_> =
            transcript.take_pending().into_iter().map(|chunk| (chunk.seq, chunk.data)).collect();
        let expected = [(1, "ab"), (2, "c"), (3, "d\u{fffd}")];
        assert_eq!(chunks, expected.map(|(seq, text)| (seq, text.to_owned())));
        assert_eq!(transcript.add(text("e")), None);
        assert_eq!(
            (transcript.pending()[0].seq, transcript.flushed(), transcript.text()),
            (4, 3, "abd\u{fffd}e")
        );
    }

    #[test]
    fn a_response_ends_at_1_mib_between_two_characters() {
        let mut transcript = Transcript::new(ResponseId::generate());
        assert_eq!(transcript.add(text(&"x".repeat(MAX_RESPONSE_BYTES - 1))), None);
        let end = transcript.add(text("éé")).unwrap();
        assert_eq!((end.status, end.finish_reason.as_deref()), (AnswerStatus::Incomplete, Some("length")));
        assert_eq!(transcript.text().len(), MAX_RESPONSE_BYTES - 1);
    }

    #[test]
    fn tool_calls_are_a_turn_of_the_model() {
        let mut transcript = Transcript::new(ResponseId::generate());
        let call = json!({"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
        assert_eq!(transcript.output_items(), None);
        assert_eq!(
            transcript.add(text(&"\"".repeat(MAX_RESPONSE_BYTES))),
            None,
            "a text that is longer as JSON"
        );
        assert_eq!(transcript.add(Event::ToolCall(call.clone())), None);
        let items: Value = serde_json::from_str(&transcript.output_items().unwrap()).unwrap();
        assert_eq!(items, json!([{"role": "assistant", "content": null, "tool_calls": [call]}]));
    }
}
