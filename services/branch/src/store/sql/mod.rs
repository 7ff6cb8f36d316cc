//! The store on PostgreSQL and SQLite.
//!
//! A branch's row is the lock of its line: append, fork and delete lock it first. A transaction that locks more than one
//! row locks the trunk's first, so that there are no deadlocks; the sweep, which locks rows of many chats, runs on one replica at a
//! time. An append raises `head_depth` and `head_response_id` in its own transaction: on PostgreSQL an append, and the change of the
//! active branch, is one call of a function. There are no caches.
//!
//! A transaction queues in memory for the rows that it will lock, in the same order, before it takes a connection from the
//! pool. So a line with many writers, or a locked one, holds one connection of a process and not all. On SQLite, where one
//! thread writes, a few writers of a row are in a batch at a time, and leave the rest of it to other lines.

mod abort;
mod activate;
mod activity;
mod ancestry_column;
mod append;
mod branch_counts;
mod branches;
mod chat_state;
mod compare;
mod conditions;
mod delete;
mod deleted_branches;
mod destroy;
mod engine;
mod fork;
mod fork_chat;
mod fork_messages;
mod fork_origin;
mod functions;
mod inherited_lines;
mod kept;
mod listed_messages;
mod living_messages;
mod lookup;
mod message_forks;
mod message_tree;
mod messages;
mod messages_in;
mod page;
mod previews;
mod queries;
mod reading_chat;
mod reporter_lease;
mod restore;
mod rows;
mod schema;
mod sources;
mod sweep;
mod sweep_queue;
mod tombstones;
mod version_list;
mod versions;

pub(super) use engine::SqlEngine;
pub use engine::inspect;
