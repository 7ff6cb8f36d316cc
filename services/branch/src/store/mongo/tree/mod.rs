//! Changes of the tree: trunks, forks, deletions, and the sweep.

pub(super) mod activation;
pub(super) mod delete;
pub(super) mod fork;
pub(super) mod fork_batches;
mod fork_chat;
mod fork_messages;
mod kept;
mod orphans;
mod previews;
pub(super) mod sweep;
pub(super) mod transitions;
pub(super) mod update;
