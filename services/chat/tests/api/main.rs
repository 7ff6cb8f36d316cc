//! The chat service, driven through HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

mod accounts;
mod answer_service;
mod app;
mod branch_service;
mod commands;
mod conventions;
mod create_chat;
mod create_conversation;
mod database;
mod delete_chat;
mod delete_conversation;
mod deleted_chats;
mod filters;
mod fork_chat;
mod get_chat;
mod get_chats;
mod get_conversations;
mod idempotency;
mod internal;
mod internal_activity;
mod restore_chat;
mod row_locks;
mod start;
mod update_chat;
mod upgrade;
