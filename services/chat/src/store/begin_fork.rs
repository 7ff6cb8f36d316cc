//! The beginning of a fork of a chat: its row.

use super::accounts::deletion_of;
use super::chat_fork::{ChatFork, ForkProgress};
use super::chats::Chat;
use super::create_chat::free_forgotten_key;
use super::schema::{chat_forks, chats};
use crate::error::Error;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::idempotency::IdempotencyKey;
use shared_store::{RunQueryDsl, Session, Store, on};
use std::time::Duration;

/// The fork that an equal request has begun, if there is one.
pub async fn replay_fork(
    store: &Store,
    key: &IdempotencyKey,
    now: Timestamp,
    retention: Duration,
) -> Result<Option<ForkProgress>, Error> {
    let key = key.clone();
    store.read(move |session| async move { find_keyed(session, &key, now, retention).await }.boxed()).await
}

async fn find_keyed(
    session: &mut Session,
    IdempotencyKey { id, hash }: &IdempotencyKey,
    now: Timestamp,
    retention: Duration,
) -> Result<Option<ForkProgress>, Error> {
    let under_way = chat_forks::table.filter(chat_forks::key_id.eq(id));
    // In this order, as a row becomes a chat.
    if let Some(fork) = on!(session, |c| under_way.select(ChatFork::as_select()).first(c).await.optional())? {
        return fork.has_hash(hash).map(Some);
    }
    let finished = chats::table.filter(chats::key_id.eq(id));
    let finished: Option<Chat> =
        on!(session, |c| finished.select(Chat::as_select()).first(c).await.optional())?;
    let Some(chat) = finished else { return Ok(None) };
    if chat.is_key_free(now, retention) {
        return Ok(None);
    }
    chat.replay(hash, now, retention).map(|chat| Some(ForkProgress::Finished(chat)))
}

/// Inserts the row of a fork, or finds what an equal request has begun or finished meanwhile.
pub async fn begin_fork(store: &Store, fork: ChatFork, retention: Duration) -> Result<ForkProgress, Error> {
    store.write(move |session| insert_fork(session, fork, retention).boxed()).await
}

async fn insert_fork(
    session: &mut Session,
    fork: ChatFork,
    retention: Duration,
) -> Result<ForkProgress, Error> {
    let now = fork.created_at;
    let deletion = deletion_of(fork.account_id, now).count();
    let deletions: i64 = on!(session, |c| deletion.get_result(c).await)?;
    if deletions > 0 {
        return Err(Error::InvalidToken);
    }
    // Waits for a concurrent insert of the same key.
    let insert = diesel::insert_into(chat_forks::table).values(&fork).on_conflict_do_nothing();
    let is_inserted = on!(session, |c| insert.execute(c).await)? == 1;
    let (Some(id), Some(hash)) = (fork.key_id, fork.request_hash.clone()) else {
        return Ok(ForkProgress::UnderWay(fork));
    };
    free_forgotten_key(session, id, now, retention).await?;
    if !is_inserted {
        let key = IdempotencyKey { id, hash };
        // None: another request has just given it up.
        return find_keyed(session, &key, now, retention).await?.ok_or(Error::ChatNotFound);
    }
    let finished = chats::table.filter(chats::key_id.eq(id));
    let finished: Option<Chat> =
        on!(session, |c| finished.select(Chat::as_select()).first(c).await.optional())?;
    match finished {
        None => Ok(ForkProgress::UnderWay(fork)),
        // The error takes the row back.
        Some(chat) => {
            let chat = chat.replay(&hash, now, retention)?;
            on!(session, |c| diesel::delete(chat_forks::table.find(fork.id)).execute(c).await)?;
            Ok(ForkProgress::Finished(chat))
        }
    }
}
