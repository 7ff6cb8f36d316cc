//! The creation of chats, once for each idempotency key.

use super::accounts::deletion_of;
use super::chats::Chat;
use super::schema::chats;
use crate::error::Error;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::idempotency::{Created, RequestHash};
use shared::ids::KeyId;
use shared::sql_types::{Instant, Uid};
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};
use std::time::Duration;

/// Inserts a chat, or finds the one that an equal request has created.
pub async fn create_chat(store: &Store, chat: Chat, retention: Duration) -> Result<Created<Chat>, Error> {
    match chat.key_id {
        None => store.write_statement(|session| insert(session, chat).boxed()).await,
        Some(key) => {
            store.write(move |session| insert_or_replay(session, chat, key, retention).boxed()).await
        }
    }
}

async fn insert(session: &mut Session, chat: Chat) -> Result<Created<Chat>, Error> {
    let columns = (
        chats::id,
        chats::account_id,
        chats::chat_type,
        chats::name,
        chats::created_at,
        chats::updated_at,
        chats::active,
    );
    let values = (
        chat.id.into_sql::<Uid>(),
        chat.account_id.into_sql::<Uid>(),
        chat.chat_type.into_sql::<Text>(),
        chat.name.as_str().into_sql::<Text>(),
        chat.created_at.into_sql::<Instant>(),
        chat.updated_at.into_sql::<Instant>(),
        chat.active.into_sql::<Bool>(),
    );
    // Again: the body came after the first check, perhaps slowly.
    let is_deleted = exists(deletion_of(chat.account_id, chat.created_at));
    let insert = diesel::insert_into(chats::table)
        .values(diesel::select(values).filter(not(is_deleted)))
        .into_columns(columns);
    match on!(session, |c| insert.execute(c).await)? {
        0 => Err(Error::InvalidToken),
        _ => Ok(Created::new(chat)),
    }
}

async fn insert_or_replay(
    session: &mut Session,
    chat: Chat,
    key: KeyId,
    retention: Duration,
) -> Result<Created<Chat>, Error> {
    let now = chat.created_at;
    free_forgotten_key(session, key, now, retention).await?;
    let made: Chat = on!(session, |c| {
        let deletions: i64 = deletion_of(chat.account_id, now).count().get_result(c).await?;
        if deletions > 0 {
            return Err(Error::InvalidToken);
        }
        // Waits for a concurrent insert of the same key.
        let insert = diesel::insert_into(chats::table).values(&chat).on_conflict_do_nothing();
        if insert.execute(c).await? == 1 {
            return Ok(Created::new(chat));
        }
        chats::table.filter(chats::key_id.eq(key)).select(Chat::as_select()).first(c).await
    })?;
    let Some(hash) = &chat.request_hash else { return Err(Error::ChatNotFound) };
    made.replay(hash, now, retention).map(Created::replayed)
}

/// Frees the key of a chat that was deleted so long ago that keys of that time are not kept.
pub(super) async fn free_forgotten_key(
    session: &mut Session,
    key: KeyId,
    now: Timestamp,
    retention: Duration,
) -> Result<(), StoreError> {
    let free = (chats::key_id.eq(None::<KeyId>), chats::request_hash.eq(None::<RequestHash>));
    let forgotten = chats::table
        .filter(chats::key_id.eq(key).and(chats::deleted_at.le(now.minus(retention))))
        // Not that of a chat which can be restored, as the window was longer.
        .filter(chats::purge_at.is_null().or(chats::purge_at.le(now)));
    on!(session, |c| diesel::update(forgotten).set(free).execute(c).await).map(drop)
}
