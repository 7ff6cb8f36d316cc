//! Conversation records.

use super::rows_of_page;
use super::schema::{chats, conversations};
use crate::domain::Replay;
use crate::error::Error;
use diesel::dsl::exists;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::idempotency::{Created, IdempotencyKey, RequestHash};
use shared::ids::{BranchId, ChatId, ConversationId, KeyId, UserId};
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};
use shared_web::page::TimeKey;
use std::time::Duration;

/// A row of `conversations`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = conversations, treat_none_as_default_value = false)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its chat.
    pub chat_id: ChatId,
    /// The owner.
    pub account_id: UserId,
    /// The name; empty once its chat is deleted.
    pub name: String,
    /// Its branch.
    pub branch_id: BranchId,
    /// When it was created.
    pub created_at: Timestamp,
    key_id: Option<KeyId>,
    request_hash: Option<RequestHash>,
    /// When it was deleted; none for one that went along with a chat that can be restored.
    pub deleted_at: Option<Timestamp>,
}

impl Conversation {
    /// A record created now.
    pub fn new(
        owner: UserId,
        chat: ChatId,
        branch: BranchId,
        name: String,
        key: Option<IdempotencyKey>,
        now: Timestamp,
    ) -> Self {
        let (key_id, request_hash) = key.map(|key| (key.id, key.hash)).unzip();
        Self {
            id: ConversationId::generate(),
            chat_id: chat,
            account_id: owner,
            name,
            branch_id: branch,
            created_at: now,
            key_id,
            request_hash,
            deleted_at: None,
        }
    }

    /// The answer to a request with this record's key. `None` if the key is free again.
    fn replay(self, hash: &RequestHash, now: Timestamp, retention: Duration) -> Result<Option<Self>, Error> {
        match Replay::classify(self.request_hash.as_ref(), self.deleted_at, hash, now, retention) {
            Replay::Answer => Ok(Some(self)),
            Replay::Reused => Err(Error::KeyReused),
            Replay::Gone => Err(Error::ConversationNotFound),
            Replay::Free => Ok(None),
        }
    }
}

/// The record that an equal request has created, if there is one. With its chat it is deleted, too.
pub async fn replay_conversation(
    store: &Store,
    key: &IdempotencyKey,
    now: Timestamp,
    retention: Duration,
) -> Result<Option<Conversation>, Error> {
    let keyed = conversations::table
        .inner_join(chats::table.on(chats::id.eq(conversations::chat_id)))
        .filter(conversations::key_id.eq(key.id));
    let found = store.read(move |session| {
        let find = async move {
            on!(session, |c| {
                let columns = (Conversation::as_select(), chats::deleted_at);
                keyed.select(columns).first(c).await.optional()
            })
        };
        find.boxed()
    });
    let made: Option<(Conversation, Option<Timestamp>)> = found.await?;
    let Some((record, chat_deleted_at)) = made else { return Ok(None) };
    let deleted_at = record.deleted_at.or(chat_deleted_at);
    Conversation { deleted_at, ..record }.replay(&key.hash, now, retention)
}

/// Inserts a record, or finds the one that an equal request has created.
pub async fn create_conversation(
    store: &Store,
    new: Conversation,
    retention: Duration,
) -> Result<Created<Conversation>, Error> {
    store.write(move |session| insert_conversation(session, new, retention).boxed()).await
}

async fn insert_conversation(
    session: &mut Session,
    new: Conversation,
    retention: Duration,
) -> Result<Created<Conversation>, Error> {
    let now = new.created_at;
    let until = now.minus(retention);
    let made: Conversation = on!(session, |c| {
        let chat = chats::table.filter(chats::id.eq(new.chat_id));
        let chat = chat.filter(chats::account_id.eq(new.account_id).and(chats::deleted_at.is_null()));
        // Changes nothing, but locks the row against the chat's deletion, which deletes its records.
        let lock = diesel::update(chat).set(chats::updated_at.eq(chats::updated_at));
        if lock.execute(c).await? == 0 {
            return Err(Error::ChatNotFound);
        }
        let Some(key) = new.key_id else {
            diesel::insert_into(conversations::table).values(&new).execute(c).await?;
            return Ok(Created::new(new));
        };
        let keyed = conversations::table.filter(conversations::key_id.eq(key));
        let free =
            (conversations::key_id.eq(None::<KeyId>), conversations::request_hash.eq(None::<RequestHash>));
        // Not of a chat that can be restored, as the window was longer.
        let purged = chats::purge_at.is_null().or(chats::purge_at.le(now));
        let forgotten_chat = chats::table.find(conversations::chat_id).filter(chats::deleted_at.le(until));
        let with_chat = exists(forgotten_chat.filter(purged));
        let forgotten = keyed.filter(conversations::deleted_at.le(until).assume_not_null().or(with_chat));
        diesel::update(forgotten).set(free).execute(c).await?;
        // Waits for a concurrent insert of the same key.
        let insert = diesel::insert_into(conversations::table).values(&new).on_conflict_do_nothing();
        if insert.execute(c).await? == 1 {
            return Ok(Created::new(new));
        }
        keyed.select(Conversation::as_select()).first(c).await
    })?;
    let Some(hash) = &new.request_hash else { return Err(Error::ConversationNotFound) };
    made.replay(hash, now, retention)?.map(Created::replayed).ok_or(Error::ConversationNotFound)
}

/// The records of a chat, newest first: up to `limit` and one more.
pub async fn list_conversations(
    store: &Store,
    chat: ChatId,
    after: Option<TimeKey>,
    limit: usize,
) -> Result<Vec<Conversation>, StoreError> {
    store.read(move |session| page_of_chat(session, chat, after, limit).boxed()).await
}

async fn page_of_chat(
    session: &mut Session,
    chat: ChatId,
    after: Option<TimeKey>,
    limit: usize,
) -> Result<Vec<Conversation>, StoreError> {
    on!(session, |c| {
        let living = conversations::chat_id.eq(chat).and(conversations::deleted_at.is_null());
        let newest_first = (conversations::created_at.desc(), conversations::id.desc());
        let mut list = conversations::table.filter(living).order(newest_first).into_boxed();
        if let Some(TimeKey { created_at, id }) = after {
            let id = ConversationId::from(id);
            let older = conversations::created_at.lt(created_at).or(conversations::id.lt(id));
            // The bound by itself lets the index be used.
            list = list.filter(conversations::created_at.le(created_at).and(older));
        }
        list.limit(rows_of_page(limit)).select(Conversation::as_select()).load(c).await
    })
}

/// Deletes a record, if it is this user's and not gone with its chat. Returns whether there was one. The row is kept as long as its chat.
pub async fn delete_conversation(
    store: &Store,
    owner: UserId,
    id: ConversationId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let living = conversations::table
        .filter(conversations::id.eq(id).and(conversations::account_id.eq(owner)))
        .filter(conversations::deleted_at.is_null())
        .filter(exists(chats::table.find(conversations::chat_id).filter(chats::deleted_at.is_null())));
    let delete = diesel::update(living).set(conversations::deleted_at.eq(Some(now)));
    let deleted = store
        .write_statement(move |session| async move { on!(session, |c| delete.execute(c).await) }.boxed());
    deleted.await.map(|rows| rows == 1)
}
