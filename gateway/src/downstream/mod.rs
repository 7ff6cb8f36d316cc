//! The side of the clients: which requests are refused by their head, who has sent them, and what every answer says.

pub(crate) mod client_ip;
pub(crate) mod compression;
pub(crate) mod cors;
pub(crate) mod header_names;
pub(crate) mod host;
pub(crate) mod origins;
pub(crate) mod request_checks;
pub(crate) mod security_headers;
pub(crate) mod server_url;
