//! Forks of chats that are under way.
//!
//! A fork concerns two databases. Its row is inserted first, then the branch service makes the trunk, then one transaction turns the row
//! into the chat. A crash leaves at most the row, from which the fork is finished or given up. No other query reads these rows, so that
//! nothing sees a chat without a trunk.

use super::accounts::deletion_of;
use super::chats::{Chat, free_forgotten_key};
use super::schema::{chat_forks, chats};
use super::state_change::owe;
use crate::domain::{ChatState, ChatType, ForkPoint, StateChange};
use crate::error::Error;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::idempotency::{Created, IdempotencyKey, RequestHash};
use shared::ids::{ChatId, KeyId, ResponseId, UserId};
use shared_outbox::Delivery;
use shared_store::{RunQueryDsl, Session, Store, StoreError, any_of, on};
use shared_web::telemetry::Trace;
use std::time::Duration;

/// How long a new row is left to its request.
const RETRY_DELAY: Duration = Duration::from_secs(10);
/// Rows of one poll.
const MAX_FORKS_PER_POLL: i64 = 100;

/// A row of `chat_forks`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = chat_forks)]
pub struct ChatFork {
    /// The id of the new chat.
    pub id: ChatId,
    /// The owner of both chats.
    pub account_id: UserId,
    source_chat_id: ChatId,
    response_id: Option<ResponseId>,
    chat_type: ChatType,
    name: String,
    /// When the fork was requested.
    pub created_at: Timestamp,
    key_id: Option<KeyId>,
    request_hash: Option<RequestHash>,
    /// The id of the request.
    pub request_id: String,
    /// The number of failed attempts after the request.
    pub attempts: i32,
    next_attempt_at: Timestamp,
}

/// How far a fork is.
#[derive(Debug)]
pub enum ForkProgress {
    /// It has to be finished.
    UnderWay(ChatFork),
    /// An equal request has finished it.
    Finished(Chat),
}

impl ChatFork {
    /// A fork requested now.
    pub fn new(
        owner: UserId,
        point: ForkPoint,
        (name, chat_type): (String, ChatType),
        key: Option<IdempotencyKey>,
        request_id: String,
        now: Timestamp,
    ) -> Self {
        let (key_id, request_hash) = key.map(|key| (key.id, key.hash)).unzip();
        Self {
            id: ChatId::generate(),
            account_id: owner,
            source_chat_id: point.chat_id,
            response_id: point.response_id,
            chat_type,
            name,
            created_at: now,
            key_id,
            request_hash,
            request_id,
            attempts: 0,
            next_attempt_at: now.plus(RETRY_DELAY),
        }
    }

    /// Where it stands.
    pub const fn point(&self) -> ForkPoint {
        ForkPoint { chat_id: self.source_chat_id, response_id: self.response_id }
    }

    fn has_hash(self, hash: &RequestHash) -> Result<ForkProgress, Error> {
        if self.request_hash.as_ref() == Some(hash) {
            Ok(ForkProgress::UnderWay(self))
        } else {
            Err(Error::KeyReused)
        }
    }

    fn is_given_up(&self) -> StateChange {
        let Self { id: chat, account_id: owner, created_at, .. } = *self;
        StateChange { chat, owner, created_at, number: 1, state: ChatState::Destroyed }
    }
}

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

/// Turns a row whose trunk is made into the chat, or finds the chat that another attempt has made of it.
pub async fn finish_fork(
    store: &Store,
    id: ChatId,
    trace: &Trace,
    now: Timestamp,
) -> Result<Created<Chat>, Error> {
    let trace = trace.clone();
    let finished = store.write(move |session| turn_into_chat(session, id, trace, now).boxed()).await?;
    finished.ok_or(Error::InvalidToken)
}

/// `None` if the account is deleted.
async fn turn_into_chat(
    session: &mut Session,
    id: ChatId,
    trace: Trace,
    now: Timestamp,
) -> Result<Option<Created<Chat>>, Error> {
    let delete = diesel::delete(chat_forks::table.find(id));
    let fork: Option<ChatFork> =
        on!(session, |c| delete.returning(ChatFork::as_returning()).get_result(c).await.optional())?;
    let Some(fork) = fork else {
        let chat = chats::table.filter(chats::id.eq(id).and(chats::deleted_at.is_null()));
        let chat: Option<Chat> = on!(session, |c| chat.select(Chat::as_select()).first(c).await.optional())?;
        return chat.map(|chat| Some(Created::replayed(chat))).ok_or(Error::ChatNotFound);
    };
    let deletion = deletion_of(fork.account_id, now).count();
    let deletions: i64 = on!(session, |c| deletion.get_result(c).await)?;
    if deletions > 0 {
        owe(session, fork.is_given_up(), &trace, now).await?;
        return Ok(None);
    }
    let chat = Chat::forked(fork);
    on!(session, |c| diesel::insert_into(chats::table).values(&chat).execute(c).await)?;
    Ok(Some(Created::new(chat)))
}

/// Removes the row of a fork that cannot be made, and returns the delivery by which the branch service makes no trunk of a late call, either.
pub async fn give_up_fork(
    store: &Store,
    id: ChatId,
    trace: &Trace,
    now: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let trace = trace.clone();
    store.write(move |session| async move { give_up(session, vec![id], &trace, now).await }.boxed()).await
}

/// Removes some rows of a user, with a delivery for each. Returns how many there were, up to `limit`.
pub async fn give_up_forks_of(
    store: &Store,
    owner: UserId,
    limit: usize,
    trace: &Trace,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let trace = trace.clone();
    let owned = chat_forks::table
        .filter(chat_forks::account_id.eq(owner))
        .order(chat_forks::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(chat_forks::id);
    let given_up = store.write(move |session| {
        let work = async move {
            let ids: Vec<ChatId> = on!(session, |c| owned.load(c).await)?;
            let count = ids.len();
            give_up(session, ids, &trace, now).await?;
            Ok::<_, StoreError>(count)
        };
        work.boxed()
    });
    given_up.await
}

async fn give_up(
    session: &mut Session,
    ids: Vec<ChatId>,
    trace: &Trace,
    now: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let delete = diesel::delete(chat_forks::table.filter(any_of(chat_forks::id, ids)));
    let forks: Vec<ChatFork> =
        on!(session, |c| delete.returning(ChatFork::as_returning()).get_results(c).await)?;
    let mut deliveries = Vec::new();
    for fork in forks {
        deliveries.push(owe(session, fork.is_given_up(), trace, now).await?);
    }
    Ok(deliveries)
}

/// Forks whose next attempt is due.
pub async fn forks_due(store: &Store, now: Timestamp) -> Result<Vec<ChatFork>, StoreError> {
    let due = chat_forks::table
        .filter(chat_forks::next_attempt_at.le(now))
        .order((chat_forks::next_attempt_at, chat_forks::id))
        .limit(MAX_FORKS_PER_POLL);
    let listed = store.read(move |session| {
        async move { on!(session, |c| due.select(ChatFork::as_select()).load(c).await) }.boxed()
    });
    listed.await
}

/// Records a failed attempt.
pub async fn reschedule_fork(store: &Store, fork: &ChatFork, next: Timestamp) -> Result<(), StoreError> {
    let update = diesel::update(chat_forks::table.find(fork.id))
        .set((chat_forks::attempts.eq(fork.attempts + 1), chat_forks::next_attempt_at.eq(next)));
    let updated = store.write_statement(move |session| {
        async move { on!(session, |c| update.execute(c).await).map(drop) }.boxed()
    });
    updated.await
}

impl Chat {
    /// The chat of a fork whose trunk is made.
    fn forked(fork: ChatFork) -> Self {
        let ChatFork { id, account_id, source_chat_id, response_id, chat_type, name, created_at, .. } = fork;
        let key = (fork.key_id, fork.request_hash);
        let mut chat = Self::with_key(account_id, name, chat_type, key, created_at);
        chat.id = id;
        chat.forked_from_chat_id = Some(source_chat_id);
        chat.forked_from_response_id = response_id;
        chat
    }
}
