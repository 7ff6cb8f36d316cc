//! Queries: plain functions over a [`Store`]. An absent row is `None`, not an error.

mod accounts;
mod activity;
mod begin_fork;
mod chat_fork;
mod chats;
mod conversations;
mod create_chat;
mod delete;
mod deleted_list;
mod destroy;
mod finish_fork;
mod first_time;
mod list;
mod schema;
mod state_change;
mod sweep;

pub use accounts::{DeletedAccount, accounts_due, finish_account, is_account_deleted, remember_account};
pub use activity::record_activity;
pub use begin_fork::{begin_fork, replay_fork};
pub use chat_fork::{ChatFork, ForkProgress};
pub use chats::{Chat, ChatChanges, find_any_chat, find_chat, update_chat};
pub use conversations::{
    Conversation, create_conversation, delete_conversation, list_conversations, replay_conversation,
};
pub use create_chat::create_chat;
pub use delete::{Deletion, delete_chat, restore_chat};
pub use deleted_list::{DeletedChat, list_deleted_chats};
pub use destroy::{chats_of, destroy_chats};
pub use finish_fork::{finish_fork, forks_due, give_up_fork, give_up_forks_of, reschedule_fork};
pub use list::{ChatFilter, ChatPosition, ListRequest, list_chats};
pub use state_change::Audience;
pub use sweep::spawn_sweep;

use shared_store::Migrations;

/// The tables of this service.
pub fn migrations() -> Migrations {
    shared_store::embed_store_migrations!()
}

/// The rows to read for a page: one more shows whether there is another page.
fn rows_of_page(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}
