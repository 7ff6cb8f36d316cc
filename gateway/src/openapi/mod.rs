//! The services' `OpenAPI` documents, read over HTTP and made into one.

pub(crate) mod catalogue;
mod conflicts;
mod document;
mod downgrade;
mod info;
mod merge;
mod operation;
mod shared_responses;
