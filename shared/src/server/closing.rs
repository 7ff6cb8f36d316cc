//! After the last answer on a connection nothing more is served on it (RFC 9112, 9.6), also not what came with the request
//! that was answered. The server itself goes on with that.

use super::LINGER;
use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The connections of a server, and how many are so many that none may stay idle.
#[derive(Clone)]
pub(super) struct Connections {
    open: TaskTracker,
    crowded_from: usize,
}

impl Connections {
    /// With at most so many at once. From seven eighths of them on each answer is the last on its connection, so that those
    /// who wait for a connection get one, as long as anything is answered.
    pub(super) fn new(max: usize) -> Self {
        Self { open: TaskTracker::new(), crowded_from: max - max / 8 }
    }
}

/// A connection, from its first request to the one whose answer is the last.
pub(super) struct Closing {
    /// Is held until the first request has come.
    silent: Cell<Option<TaskTrackerToken>>,
    is_last: Cell<bool>,
    crowded_from: usize,
    open: TaskTrackerToken,
}

impl Closing {
    /// For a connection that was made just now, and is among the silent ones.
    pub(super) fn set_up(connection: &mut Extensions, silent: &TaskTracker, connections: &Connections) {
        connection.insert(Self {
            silent: Cell::new(Some(silent.token())),
            is_last: Cell::default(),
            crowded_from: connections.crowded_from,
            open: connections.open.token(),
        });
    }

    /// Whether there are so many connections that this one may not stay idle after its answer.
    pub(super) fn is_crowded(request: &ServiceRequest) -> bool {
        let connection = request.conn_data::<Self>();
        connection.is_some_and(|connection| connection.open.task_tracker().len() >= connection.crowded_from)
    }

    /// Takes the next request of a connection, unless the answer to an earlier one is the last.
    pub(super) fn takes(request: &ServiceRequest) -> bool {
        request.conn_data::<Self>().is_none_or(|connection| {
            drop(connection.silent.take());
            !connection.is_last.get()
        })
    }

    /// The answer to this request is the last.
    pub(super) fn begin(request: &ServiceRequest) {
        if let Some(connection) = request.conn_data::<Self>() {
            connection.is_last.set(true);
        }
    }
}

/// Breaks the connection off, once the client has had the time to read the last answer and to close it itself.
pub(super) async fn break_off(request: ServiceRequest) -> ServiceResponse<BoxBody> {
    tokio::time::sleep(LINGER).await;
    let broken = HttpResponse::new(StatusCode::BAD_REQUEST).set_body(BoxBody::new(Broken));
    request.into_response(broken)
}

/// A body that cannot be sent, so that the server drops the connection, and of this answer nothing is written.
struct Broken;

impl MessageBody for Broken {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn std::error::Error>>>> {
        Poll::Ready(Some(Err("the connection was to be closed".into())))
    }
}
