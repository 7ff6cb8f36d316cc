//! Server-sent events of runs. The bytes of a chunk are the same for every reader.

use crate::domain::{AnswerStatus, Chunk, ChunkKind, Finish};
use crate::store::Run;
use actix_web::web::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The code of a run that was dropped: its chat or its branch is deleted.
const DROPPED_CODE: &str = "answer_dropped";

/// An event with an id, a name and JSON.
fn event(id: i64, name: &str, data: &str) -> Bytes {
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n").into()
}

/// The first event: what is known of a run before it has said anything.
pub fn start(run: &Run) -> Bytes {
    let data = json!({
        "response_id": run.response_id,
        "chat_id": run.chat_id,
        "branch_id": run.branch_id,
        "parent_response_id": run.parent_response_id,
        "model": run.model,
        "created_at": run.created_at,
    });
    event(0, "start", &data.to_string())
}

/// The event of a chunk.
pub(super) fn of_chunk(chunk: &Chunk) -> Bytes {
    let data = match chunk.kind {
        ChunkKind::Delta | ChunkKind::Reasoning => json!({"text": chunk.data}).to_string(),
        ChunkKind::ToolCall | ChunkKind::Usage => chunk.data.clone(),
    };
    event(chunk.seq, chunk.kind.as_str(), &data)
}

/// The text up to a chunk, for a reader who cannot be given the chunks.
pub fn snapshot(text: &str, seq: i64) -> Bytes {
    event(seq, "snapshot", &json!({"text": text, "seq": seq}).to_string())
}

/// The end of a run, as its last event tells it.
#[derive(Clone)]
pub enum FinalEvent {
    /// It has ended so, and is this message, as JSON; none where it could not be stored in time.
    Finished(Option<Finish>, Option<String>),
    /// It is dropped, or its row is gone.
    Dropped,
}

#[derive(Serialize)]
struct FinalEventData<'e> {
    status: AnswerStatus,
    finish_reason: Option<&'e str>,
    usage: Option<Value>,
    error: Option<Value>,
    message: Option<&'e RawValue>,
}

impl FinalEvent {
    /// The last event, after `seq` chunks.
    pub fn event(&self, seq: i64) -> Bytes {
        let data = match self {
            Self::Dropped => FinalEventData {
                status: AnswerStatus::Stopped,
                finish_reason: None,
                usage: None,
                error: Some(json!({"code": DROPPED_CODE})),
                message: None,
            },
            Self::Finished(finish, message) => FinalEventData {
                status: finish.as_ref().map_or(AnswerStatus::Completed, |finish| finish.status),
                finish_reason: finish.as_ref().and_then(|finish| finish.finish_reason.as_deref()),
                usage: finish.as_ref().and_then(|finish| finish.usage).map(|usage| json!(usage)),
                error: finish.as_ref().and_then(|finish| finish.error.as_ref()).map(|error| json!(error)),
                message: message.as_deref().and_then(|message| serde_json::from_str(message).ok()),
            },
        };
        let name = if data.error.is_some() || data.status.is_failure() { "failed" } else { "done" };
        event(seq + 1, name, &serde_json::to_string(&data).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ids::ResponseId;

    #[test]
    fn a_text_with_line_ends_is_one_line_of_data() {
        let (response_id, data) = (ResponseId::generate(), "a\r\nb\u{2028}".to_owned());
        let chunk = Chunk { response_id, seq: 3, kind: ChunkKind::Delta, data };
        let bytes = of_chunk(&chunk);
        let text = std::str::from_utf8(&bytes).unwrap();
        assert_eq!(text, "id: 3\nevent: delta\ndata: {\"text\":\"a\\r\\nb\u{2028}\"}\n\n");
    }

    #[test]
    fn the_last_event_is_named_by_how_it_ended() {
        let name = |last: FinalEvent| {
            let bytes = last.event(4);
            let text = std::str::from_utf8(&bytes).unwrap().to_owned();
            assert!(text.starts_with("id: 5\n"), "{text}");
            text.lines().nth(1).unwrap().to_owned()
        };
        let finished = |status| FinalEvent::Finished(Some(Finish::of(status)), Some("{}".to_owned()));
        assert_eq!(name(finished(AnswerStatus::Completed)), "event: done");
        assert_eq!(name(finished(AnswerStatus::Stopped)), "event: done");
        assert_eq!(name(finished(AnswerStatus::Interrupted)), "event: failed");
        assert_eq!(name(FinalEvent::Dropped), "event: failed");
    }
}
