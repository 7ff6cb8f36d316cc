//! The documents of the collections, and their conversion to and from domain types.

pub(super) mod branch;
pub(super) mod branch_state;
pub(super) mod fields;
pub(super) mod message;
pub(super) mod message_header;
mod new_branch;
pub(super) mod own_messages;
pub(super) mod undo_state;
