//! Write-behind: the first messages and the heads of branches and numbers of forks as hints, and the completion of forks, written in batches after the answers.
//!
//! What is lost in a crash is found again: a reader follows the hint of a head to the head, looks up a first message that is missing, the number of forks only says how
//! to read them, and the sweep completes the forks that seem to be under way.

use crate::store::mongo::client::update_command::statement;
use crate::store::mongo::documents::branch::{BranchDoc, fork_completion};
use crate::store::mongo::documents::message::due_messages;
use crate::store::mongo::documents::message_header::MessageHeader;
use crate::store::mongo::documents::own_messages::FirstMessage;
use mongodb::Database;
use mongodb::bson::{Document, doc};
use shared::ids::{BranchId, ChatId, OperationId, ResponseId};
use shared::tasks::Tasks;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The target of the log lines, kept from before the module moved: operators filter by it.
const LOG_TARGET: &str = "branch::store::mongo::behind";
/// How long writes are gathered before a flush.
const FLUSH_DELAY: Duration = Duration::from_millis(50);
/// Updates of one command.
const UPDATES_PER_COMMAND: usize = 500;

/// The writes that are not flushed yet.
#[derive(Debug, Clone, Default)]
pub(super) struct WriteBehind(Arc<Buffer>);

#[derive(Debug, Default)]
struct Buffer {
    pending: Mutex<PendingWrites>,
    woken: Notify,
}

#[derive(Debug, Default)]
struct PendingWrites {
    heads: HashMap<BranchId, MessageHeader>,
    firsts: HashMap<BranchId, FirstMessage>,
    forks: Vec<(BranchId, Option<OperationId>)>,
    /// New forks of a chat, and the deepest level.
    chats: HashMap<ChatId, (i64, i64)>,
    /// New forks of a message, which lies on this branch.
    messages: HashMap<(BranchId, ResponseId), i64>,
    /// Filters for the messages that completed forks have begun with.
    settled: Vec<Document>,
}

impl WriteBehind {
    /// Starts the task that flushes, until the service stops.
    pub(super) fn spawn(database: Database, tasks: &Tasks) -> Self {
        let write_behind = Self::default();
        let (buffer, stopping) = (Arc::clone(&write_behind.0), tasks.stopping().clone());
        tasks.spawn(async move {
            while !stopping.is_cancelled() {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = buffer.woken.notified() => {
                        let _ = tokio::time::timeout(FLUSH_DELAY, stopping.cancelled()).await;
                    }
                }
                write(&database, buffer.take()).await;
            }
        });
        write_behind
    }

    /// Records the head of a line.
    pub(super) fn record_head(&self, last_message: MessageHeader) {
        self.0.add(|pending| {
            let head = pending.heads.entry(last_message.branch).or_insert(last_message);
            if head.depth < last_message.depth {
                *head = last_message;
            }
        });
    }

    /// Records the first message of a branch.
    pub(super) fn record_first(&self, first_message: FirstMessage) {
        self.0.add(|pending| drop(pending.firsts.insert(first_message.branch, first_message)));
    }

    /// Records the completion of a fork, and counts it for its chat and its message. That of a chat is completed at once, and counted
    /// nowhere. All are flushed together, so that no fork
    /// is completed without being counted.
    pub(super) fn record_fork(&self, child: &BranchDoc) {
        if child.is_trunk() {
            return;
        }
        self.0.add(|pending| {
            pending.forks.push((child.id, child.op));
            pending.settled.extend(child.has_messages().then(|| due_messages(child)));
            let (forks, deepest) = pending.chats.entry(child.chat).or_default();
            (*forks, *deepest) = (*forks + 1, child.level.max(*deepest));
            if let (Some(parent), Some(message)) = (child.ancestry_parent(), child.forked_from) {
                *pending.messages.entry((parent, message)).or_default() += 1;
            }
        });
    }
}

impl Buffer {
    fn add(&self, add: impl FnOnce(&mut PendingWrites)) {
        add(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        self.woken.notify_one();
    }

    fn take(&self) -> PendingWrites {
        std::mem::take(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn write(database: &Database, pending: PendingWrites) {
    let heads = pending.heads.values().map(MessageHeader::head_hint);
    let heads = heads.chain(pending.firsts.values().map(FirstMessage::hint));
    let forks = pending.forks.into_iter().map(|(branch, op)| fork_completion(branch, op));
    let chats = pending.chats.into_iter().map(|(chat, (forks, deepest))| {
        statement(
            doc! {"_id": chat.to_string()},
            doc! {"$inc": {"forks": forks}, "$max": {"deepest": deepest}},
        )
    });
    let forks = forks.map(|(filter, change)| statement(filter, change));
    write_to(database, "branches", &heads.chain(forks).chain(chats).collect::<Vec<_>>()).await;
    let messages = pending.messages.into_iter().map(|((branch, message), forks)| {
        let forked = doc! {"_id": message.to_string(), "branch": branch.to_string()};
        statement(forked, doc! {"$inc": {"forks": forks}})
    });
    let settled = pending.settled.into_iter();
    let settled = settled.map(|due| doc! {"q": due, "u": {"$unset": {"due": ""}}, "multi": true});
    write_to(database, "messages", &messages.chain(settled).collect::<Vec<_>>()).await;
}

async fn write_to(database: &Database, collection: &str, updates: &[Document]) {
    for chunk in updates.chunks(UPDATES_PER_COMMAND) {
        // Acknowledged by one server only: nobody waits for it, and it may be lost.
        let command = doc! {
            "update": collection, "updates": chunk.to_vec(), "ordered": false, "writeConcern": {"w": 1},
        };
        if let Err(error) = database.run_command(command).await {
            tracing::debug!(target: LOG_TARGET, %error, "what is written behind was not written");
        }
    }
}
