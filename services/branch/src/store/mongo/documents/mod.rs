//! The documents of the collections, and their conversion to and from domain types.

pub(super) mod branch;
pub(super) mod fields;
pub(super) mod message;
pub(super) mod own_messages;
