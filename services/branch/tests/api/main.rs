//! The branch service, driven through HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

mod activity;
mod add_message;
mod all_messages;
mod answers;
mod app;
mod chat_forks;
mod cherry_pick;
mod commands;
mod compare_branches;
mod conventions;
mod create_branch;
mod delete_branch;
mod deleted_branches;
mod edit_message;
mod get_branch;
mod get_branches;
mod get_message;
mod get_messages;
mod get_messages_from_depth;
mod get_tree;
mod idempotency;
mod internal;
mod races;
mod restore_branch;
mod set_active_branch;
mod start;
mod sweep;
mod tree;
mod update_branch;
mod update_message;
mod versions;
