//! Responses with an answer: its JSON, or the stream of its events.

use super::get_answer::answer_of;
use crate::clients::Message;
use crate::domain::RunState;
use crate::error::Error;
use crate::state::State;
use crate::store::Run;
use crate::streams::{DisconnectGuard, FinalEvent, Reader, RunLog, follow, snapshot, start};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, HeaderMap};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use shared::idempotency::Created;
use shared_web::telemetry::Trace;
use std::convert::Infallible;

/// The media type of streams.
pub const EVENT_STREAM: &str = "text/event-stream";
/// The header of a replayed response.
const IDEMPOTENCY_REPLAYED: &str = "Idempotency-Replayed";

/// The event that a client has seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// None at all.
    Nothing,
    /// That with this id.
    Event(i64),
    /// One with an id that is none of ours.
    Foreign,
}

/// Whether a request wants the events.
pub fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        range.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(EVENT_STREAM))
    })
}

/// 201 with a new answer, or with the one that the same request has created before.
pub async fn created(
    state: &State,
    created: Created<Run>,
    streams: bool,
    trace: &Trace,
) -> Result<HttpResponse, Error> {
    let Created { object: run, replayed } = created;
    let mut response = HttpResponse::build(StatusCode::CREATED);
    if replayed {
        response.insert_header((IDEMPOTENCY_REPLAYED, "true"));
    }
    if streams {
        return stream(state, run, Seen::Nothing, response, trace).await;
    }
    let (owner, id) = (run.owner, run.response_id);
    Ok(response.json(answer_of(state, owner, id, trace).await?))
}

/// The events of a run after the one that the client has seen last.
pub async fn stream(
    state: &State,
    run: Run,
    seen: Seen,
    mut response: HttpResponseBuilder,
    trace: &Trace,
) -> Result<HttpResponse, Error> {
    if run.state == RunState::Dropped {
        return Err(Error::AnswerNotFound);
    }
    response.content_type(EVENT_STREAM).insert_header((CACHE_CONTROL, "no-store"));
    response.insert_header(("X-Accel-Buffering", "no"));
    let stored = match run.state {
        // A message that is deleted is not told any more.
        RunState::Stored => {
            let message = state.branches.message(run.owner, run.response_id, trace).await?;
            Some(message.ok_or(Error::AnswerNotFound)?)
        }
        _ => None,
    };
    let log = state.hub.open(run.response_id);
    follow(&state.store, &log, state.timing).await?;
    // Its chunks may have been pruned since the run was read.
    if let Some(message) = stored.filter(|_| run.message.is_none() || log.seq() < run.seq) {
        let whole = stored_events(&run, message);
        let body = futures_util::stream::once(async { Ok::<_, Infallible>(whole) });
        return Ok(response.streaming(body));
    }
    let at = position_of(&log, &run, seen);
    let guard = if run.stops_on_disconnect && run.state.is_live() {
        let grace = state.timing.disconnect_grace;
        DisconnectGuard::open(&state.store, &state.tasks, run.response_id, grace).await?
    } else {
        None
    };
    let reader = Reader::new(log, at, state.timing, state.tasks.draining().clone(), guard);
    Ok(response.streaming(reader.into_stream()))
}

/// Where a reader is in a run: the number of the last chunk, and what comes before the next one.
fn position_of(log: &RunLog, run: &Run, seen: Seen) -> (i64, Bytes) {
    match seen {
        Seen::Nothing => (0, start(run)),
        // Once it has ended, there is one event more than chunks.
        Seen::Event(id) if (0..=log.seq() + i64::from(log.is_closed())).contains(&id) => {
            (id.min(log.seq()), Bytes::new())
        }
        Seen::Event(_) | Seen::Foreign => {
            let (text, seq) = log.snapshot();
            (seq, snapshot(&text, seq))
        }
    }
}

/// All that is told of a run whose chunks are pruned: a snapshot, and the end.
fn stored_events(run: &Run, message: Message) -> Bytes {
    let view = serde_json::Value::Object(message.view).to_string();
    let last = FinalEvent::Finished(run.finish.clone(), Some(view)).event(run.seq);
    [snapshot(&message.known.response, run.seq), last].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn a_stream_is_what_the_request_accepts() {
        for (accept, expected) in [
            ("text/event-stream", true),
            ("application/json, Text/Event-Stream;q=0.9", true),
            ("*/*", false),
            ("application/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(wants_stream(&headers), expected, "{accept}");
        }
    }
}
