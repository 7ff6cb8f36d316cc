//! The head of a request to a service, in the types of hyper.

use crate::upstream::connection::OutgoingRequest;
use crate::upstream::outgoing::OutgoingBody;
use actix_web::web::BytesMut;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};

/// The capacity for names: most requests have fewer headers.
const NAMES_CAPACITY: usize = 24;
/// The capacity for values: most heads have fewer bytes.
const VALUES_CAPACITY_BYTES: usize = 0x800;

/// The headers of a request.
///
/// They are copied, as the server's are of another version of the crate `http`. All values share one buffer.
pub(super) struct RequestHeaders {
    headers: HeaderMap,
    values: BytesMut,
    bytes: usize,
}

impl RequestHeaders {
    pub(super) fn new() -> Self {
        Self {
            headers: HeaderMap::with_capacity(NAMES_CAPACITY),
            values: BytesMut::with_capacity(VALUES_CAPACITY_BYTES),
            bytes: 0,
        }
    }

    /// Appends a header.
    pub(super) fn append(&mut self, name: HeaderName, value: &[u8]) {
        self.values.extend_from_slice(value);
        // The server and the gateway's own checks let no other value pass.
        if let Ok(value) = HeaderValue::from_maybe_shared(self.values.split().freeze()) {
            self.bytes += name.as_str().len() + value.len() + ": \r\n".len();
            self.headers.append(name, value);
        }
    }

    /// Appends a header of the client's, whose name is in lower case.
    pub(super) fn append_received(&mut self, name: &str, value: &[u8]) {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            self.append(name, value);
        }
    }
}

/// The head of a request.
#[derive(Clone)]
pub(crate) struct RequestHead {
    pub(super) method: Method,
    target: Uri,
    headers: HeaderMap,
    bytes: usize,
}

impl RequestHead {
    pub(super) fn new(method: Method, target: Uri, headers: RequestHeaders) -> Self {
        let line = method.as_str().len() + target.path_and_query().map_or(0, |target| target.as_str().len());
        let bytes = line + "  HTTP/1.1\r\n\r\n".len() + headers.bytes;
        Self { method, target, headers: headers.headers, bytes }
    }

    /// The length in bytes, as it is sent.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The request with this head and a body.
    pub(super) fn with_body(&self, body: OutgoingBody) -> OutgoingRequest {
        let head = self.clone();
        let mut request = Request::new(body);
        *request.method_mut() = head.method;
        *request.uri_mut() = head.target;
        *request.headers_mut() = head.headers;
        request
    }
}
