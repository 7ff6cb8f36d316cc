//! The side of the clients: checks of requests' heads, the client's address, and what every response has: CORS, security
//! headers, compression.

pub(crate) mod client_ip;
pub(crate) mod compression;
pub(crate) mod cors;
pub(crate) mod header_names;
pub(crate) mod host;
pub(crate) mod origins;
pub(crate) mod request_checks;
pub(crate) mod security_headers;
pub(crate) mod server_url;
