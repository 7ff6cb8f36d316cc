//! Why a connection has brought no response.

use std::io;

/// Why a connection has brought no response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResponseError {
    /// The connection broke, or what came is not HTTP.
    #[error(transparent)]
    Connection(#[from] hyper::Error),
    /// The service has stopped reading in the midst of the request, and has not said why.
    #[error("the request was not read to its end")]
    Write(#[source] io::Error),
    /// The end of the body can be found in two ways, or in none that is known.
    #[error("the length of the answer is not announced in one way")]
    Framing,
    /// Nobody has asked for another protocol.
    #[error("the service speaks another protocol")]
    SwitchedProtocol,
}

impl ResponseError {
    /// Whether the head has too many bytes or fields. That may be due to what the client has asked for, and says nothing of the
    /// replica.
    pub(crate) fn is_head_too_large(&self) -> bool {
        matches!(self, Self::Connection(error) if error.is_parse_too_large())
    }
}
