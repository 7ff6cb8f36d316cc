//! What a request costs a service.

use actix_web::http::Method;

/// What a request costs a service. Each class has limits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestClass {
    /// It changes nothing.
    Read,
    /// It changes something.
    Write,
    /// A password is checked or hashed for it, or may be, which takes a core for some 200 ms.
    Password,
}

impl RequestClass {
    /// The class of a request with this method, where no password is checked for it.
    pub(crate) fn of(method: &Method) -> Self {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) { Self::Read } else { Self::Write }
    }
}
