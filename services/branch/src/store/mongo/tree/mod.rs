//! Changes of the tree: trunks, forks, deletions, and the sweep.

pub(super) mod activation;
mod cascade;
pub(super) mod chat_state;
pub(super) mod delete;
pub(super) mod destroy;
pub(super) mod fork;
pub(super) mod fork_batches;
mod fork_chat;
mod fork_messages;
mod kept;
mod orphans;
mod previews;
mod replays;
pub(super) mod restore;
pub(super) mod sweep;
mod sweep_messages;
mod sweep_undo;
mod tombstones;
pub(super) mod transitions;
pub(super) mod update;
