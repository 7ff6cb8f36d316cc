//! The `OpenAPI` documents of the services, fetched over HTTP and merged into one.

pub(crate) mod catalogue;
mod conflicts;
mod document;
mod downgrade;
mod info;
mod merge;
mod operation;
mod session;
mod shared_responses;
