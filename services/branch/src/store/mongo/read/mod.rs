//! Reads: lookups, heads, pages of lines, lists.

pub(super) mod branch_cache;
pub(super) mod branch_loader;
pub(super) mod branches;
mod compare;
pub(super) mod data_loader;
mod first_messages;
pub(super) mod forked_message;
pub(super) mod head;
pub(super) mod liveness;
pub(super) mod lookup;
pub(super) mod message_forks;
mod message_headers;
mod message_list;
mod message_tree;
pub(super) mod messages;
pub(super) mod own_messages;
pub(super) mod page;
pub(super) mod previews;
mod segments;
mod sources;
pub(super) mod target;
pub(super) mod time_ranges;
mod version_list;
pub(super) mod versions;
