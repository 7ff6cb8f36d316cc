//! Counts errors of connections below the routes: malformed heads, other protocols, aborted responses.
//!
//! The server's library responds by itself, and reports the error only as an event of `tracing` at level ERROR. Any client can
//! cause any number of them, so they are counted by kind and not logged: see [`crate::telemetry`].

use crate::metrics::{ConnectionErrors, Metrics};
use shared::service::Service;
use std::cell::RefCell;
use std::fmt::Debug;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// The modules of the server's library whose events a client can cause.
pub(crate) const TARGETS: [&str; 2] = ["actix_http::h1::decoder", "actix_http::h1::dispatcher"];

thread_local! {
    /// The counter of this thread, whose worker belongs to one server.
    static OF_THIS_WORKER: RefCell<Option<ConnectionErrors>> = const { RefCell::new(None) };
}

/// Counts the errors of this thread's connections as those of a service.
pub(super) fn count_on_this_thread(service: Service, metrics: &Metrics) {
    OF_THIS_WORKER.with_borrow_mut(|errors| *errors = metrics.connection_errors(service));
}

/// Counts the events of [`TARGETS`].
pub(crate) struct ConnectionErrorLayer;

impl<S: Subscriber> Layer<S> for ConnectionErrorLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        OF_THIS_WORKER.with_borrow(|errors| {
            if let Some(errors) = errors {
                let mut message = Message::default();
                event.record(&mut message);
                errors.count(kind_of(&message.0));
            }
        });
    }
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// The beginning of an error's text, and its kind.
const KINDS: [(&str, &str); 12] = [
    ("invalid method", "invalid_method"),
    ("URI error", "invalid_target"),
    ("invalid HTTP version", "invalid_version"),
    // Any syntax error of a head.
    ("invalid Header", "invalid_head"),
    ("message head is too large", "head_too_large"),
    ("message is incomplete", "incomplete"),
    ("timeout", "timeout"),
    ("I/O error", "io"),
    ("UTF-8 error", "invalid_target"),
    ("request did not complete", "timeout"),
    ("connection shutdown timeout", "timeout"),
    ("handler dropped payload", "unread_body"),
];

/// The kind of an error, by the texts of `actix_http::error::{DispatchError, ParseError}`: an event holds nothing else.
fn kind_of(message: &str) -> &'static str {
    let Some(error) = message.strip_prefix("stream error: ") else {
        return if message.starts_with("Response payload") { "broken_response" } else { "other" };
    };
    let error = error.strip_prefix("request parse error: ").unwrap_or(error);
    KINDS.iter().find(|(text, _)| error.starts_with(text)).map_or("other", |(_, kind)| kind)
}
