//! HTTP/1.1 as its client (RFC 9112), on connections that are driven by who waits for an answer: no task of their own, no
//! channel, and no headers in between. A request goes out as the bytes that it is, its head and a small body at once.
//!
//! What can be read in two ways is refused: an answer that announces its length twice, or both ways.

mod body;
mod chunks;
pub(crate) mod connection;
mod error;
pub(crate) mod field;
pub(crate) mod head;
pub(crate) mod stream;
