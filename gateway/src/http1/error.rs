//! The error of an invalid response.

use std::io;

/// The response is not valid HTTP, or not what was requested.
pub(super) fn broken(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
