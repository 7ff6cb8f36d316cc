//! Classes of requests, by what they cost a service.

use actix_web::http::Method;

/// The class of a request, by what it costs a service. Each class has limits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestClass {
    /// The request changes nothing.
    Read,
    /// The request changes something.
    Write,
    /// The request may have a password checked or hashed, which takes a core for some 200 ms.
    Password,
    /// The response may be a stream of events, which costs little and stays open for minutes.
    Answer,
}

impl RequestClass {
    /// The class of a method, where no password is checked and nothing is streamed.
    pub(crate) fn of(method: &Method) -> Self {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) { Self::Read } else { Self::Write }
    }
}
