//! HTTP/1.1 client (RFC 9112). The task that awaits a response drives its connection: there is no task for the connection, no
//! channel, and no header map in between. A request is sent as bytes, its head and a small body at once.
//!
//! A response that can be read in two ways is refused: one that announces its length twice, or in both ways.

mod body;
mod chunks;
pub(crate) mod connection;
mod error;
pub(crate) mod field;
pub(crate) mod head;
pub(crate) mod stream;
