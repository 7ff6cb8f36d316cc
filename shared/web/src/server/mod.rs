//! The HTTP server of every service: bind, serve, drain.

mod application;
mod config;
mod connection;
mod connection_errors;
mod drain;
mod endpoint;
mod expect;
mod fd_limit;
mod handler_timeout;
mod health;
mod hooks;
mod idle_memory;
mod listen;
mod middleware;
mod path;
mod request_log;
mod response_body;
mod routes;
mod token_endpoint;

pub(crate) use application::ACCEPT_AFTER_STOP;
pub use application::{Application, ApplicationParts};
pub use config::ServerConfig;
pub(crate) use connection_errors::{ConnectionErrorLayer, TARGETS as CONNECTION_ERROR_TARGETS};
pub use endpoint::{Endpoint, method_not_allowed, public, route_not_found};
pub use fd_limit::{DescriptorUse, is_out_of_descriptors, raise_descriptor_limit};
pub use health::{NotReady, Readiness};
pub use hooks::{ResponseFuture, ServerHooks, no_hooks};
pub use listen::Listen;
pub(crate) use path::invalid_path;
pub use request_log::ProxyLogFields;
pub use response_body::is_event_stream;
pub use routes::{DocumentedHandler, Routes};
