//! Chats.

use super::accounts::deletion_of;
use super::rows_of_page;
use super::schema::chats;
use crate::domain::{ChatType, Name, Replay};
use crate::error::Error;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use futures_util::FutureExt as _;
use shared::clock::{Clock, Timestamp};
use shared::idempotency::{Created, IdempotencyKey, RETENTION, RequestHash};
use shared::ids::{ChatId, KeyId, UserId};
use shared::sql_types::{Instant, Uid};
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};
use shared_web::page::TimeKey;

/// A row of `chats`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = chats)]
#[expect(clippy::struct_field_names, reason = "the fields are called as in the API")]
pub struct Chat {
    /// Its id.
    pub id: ChatId,
    /// The owner.
    pub account_id: UserId,
    /// What kind of chat it is.
    pub chat_type: ChatType,
    /// The name; empty once it is deleted.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Whether it is not archived.
    pub active: bool,
    key_id: Option<KeyId>,
    request_hash: Option<RequestHash>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

impl Chat {
    /// A chat created now.
    pub fn new(
        owner: UserId,
        name: Name,
        chat_type: ChatType,
        key: Option<IdempotencyKey>,
        now: Timestamp,
    ) -> Self {
        let (key_id, request_hash) = key.map(|key| (key.id, key.hash)).unzip();
        Self {
            id: ChatId::generate(),
            account_id: owner,
            chat_type,
            name: name.into_string(),
            created_at: now,
            updated_at: now,
            active: true,
            key_id,
            request_hash,
            deleted_at: None,
        }
    }

    /// The answer to a request with this chat's key.
    fn replay(self, hash: &RequestHash, now: Timestamp) -> Result<Self, Error> {
        match Replay::classify(self.request_hash.as_ref(), self.deleted_at, hash, now) {
            Replay::Answer => Ok(self),
            Replay::Reused => Err(Error::KeyReused),
            Replay::Gone | Replay::Free => Err(Error::ChatNotFound),
        }
    }
}

/// Changes of a chat. `None` leaves a column as it is.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = chats)]
pub struct ChatChanges {
    /// Another name.
    pub name: Option<String>,
    /// Another kind.
    pub chat_type: Option<ChatType>,
    /// Whether it is not archived.
    pub active: Option<bool>,
}

/// Inserts a chat, or finds the one that an equal request has created.
pub async fn create_chat(store: &Store, chat: Chat) -> Result<Created<Chat>, Error> {
    match chat.key_id {
        None => store.write_statement(|session| insert(session, chat).boxed()).await,
        Some(key) => store.write(move |session| insert_or_replay(session, chat, key).boxed()).await,
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

async fn insert_or_replay(session: &mut Session, chat: Chat, key: KeyId) -> Result<Created<Chat>, Error> {
    let now = chat.created_at;
    let made: Chat = on!(session, |c| {
        let deletions: i64 = deletion_of(chat.account_id, now).count().get_result(c).await?;
        if deletions > 0 {
            return Err(Error::InvalidToken);
        }
        let keyed = chats::table.filter(chats::key_id.eq(key));
        let free = (chats::key_id.eq(None::<KeyId>), chats::request_hash.eq(None::<RequestHash>));
        let forgotten = keyed.filter(chats::deleted_at.le(now.minus(RETENTION)));
        diesel::update(forgotten).set(free).execute(c).await?;
        // Waits for a concurrent insert of the same key.
        let insert = diesel::insert_into(chats::table).values(&chat).on_conflict_do_nothing();
        if insert.execute(c).await? == 1 {
            return Ok(Created::new(chat));
        }
        keyed.select(Chat::as_select()).first(c).await
    })?;
    let Some(hash) = &chat.request_hash else { return Err(Error::ChatNotFound) };
    made.replay(hash, now).map(Created::replayed)
}

/// The chat of this id, if it is this user's and not deleted.
pub async fn find_chat(store: &Store, owner: UserId, id: ChatId) -> Result<Option<Chat>, StoreError> {
    let chat = chats::table.find(id).filter(chats::account_id.eq(owner).and(chats::deleted_at.is_null()));
    let found = store.read(move |session| {
        async move { on!(session, |c| chat.select(Chat::as_select()).first(c).await.optional()) }.boxed()
    });
    found.await
}

/// The chat of this id, of any owner, also a deleted one.
pub async fn find_any_chat(store: &Store, id: ChatId) -> Result<Option<Chat>, StoreError> {
    let chat = chats::table.find(id);
    let found = store.read(move |session| {
        async move { on!(session, |c| chat.select(Chat::as_select()).first(c).await.optional()) }.boxed()
    });
    found.await
}

/// The chats of a user, newest first: up to `limit` and one more.
pub async fn list_chats(
    store: &Store,
    owner: UserId,
    active: Option<bool>,
    after: Option<TimeKey>,
    limit: usize,
) -> Result<Vec<Chat>, StoreError> {
    store.read(move |session| page_of_user(session, owner, active, after, limit).boxed()).await
}

async fn page_of_user(
    session: &mut Session,
    owner: UserId,
    active: Option<bool>,
    after: Option<TimeKey>,
    limit: usize,
) -> Result<Vec<Chat>, StoreError> {
    on!(session, |c| {
        let owned = chats::account_id.eq(owner).and(chats::deleted_at.is_null());
        let newest_first = (chats::created_at.desc(), chats::id.desc());
        let mut list = chats::table.filter(owned).order(newest_first).into_boxed();
        if let Some(active) = active {
            list = list.filter(chats::active.eq(active));
        }
        if let Some(TimeKey { created_at, id }) = after {
            let older = chats::created_at.lt(created_at).or(chats::id.lt(ChatId::from(id)));
            // The bound by itself lets the index be used.
            list = list.filter(chats::created_at.le(created_at).and(older));
        }
        list.limit(rows_of_page(limit)).select(Chat::as_select()).load(c).await
    })
}

/// Changes a chat, if it is this user's, and returns it.
///
/// The time is read under the lock of the row and is never before the last one, so that `updated_at` rises with each change.
pub async fn update_chat(
    store: &Store,
    owner: UserId,
    id: ChatId,
    changes: ChatChanges,
    clock: &Clock,
) -> Result<Option<Chat>, StoreError> {
    let clock = clock.clone();
    store.write(move |session| update_chat_in(session, owner, id, changes, clock).boxed()).await
}

async fn update_chat_in(
    session: &mut Session,
    owner: UserId,
    id: ChatId,
    changes: ChatChanges,
    clock: Clock,
) -> Result<Option<Chat>, StoreError> {
    let chat = chats::table.filter(chats::id.eq(id));
    let chat = chat.filter(chats::account_id.eq(owner).and(chats::deleted_at.is_null()));
    on!(session, |c| {
        let lock = diesel::update(chat).set(chats::updated_at.eq(chats::updated_at));
        let last: Option<Timestamp> = lock.returning(chats::updated_at).get_result(c).await.optional()?;
        let Some(last) = last else { return Ok(None) };
        let updated_at = chats::updated_at.eq(clock.now().max(last));
        let update = diesel::update(chats::table.find(id)).set((changes, updated_at));
        update.returning(Chat::as_returning()).get_result(c).await.map(Some)
    })
}
