//! What goes wrong with the bytes of a service.

use std::io;

/// What was heard is no HTTP, or not as it was asked for.
pub(super) fn broken(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
