//! The end of a fork of a chat: its row becomes the chat, or is given up.

use super::accounts::deletion_of;
use super::chat_fork::ChatFork;
use super::chats::Chat;
use super::schema::{chat_forks, chats};
use super::state_change::{Audience, owe};
use crate::error::Error;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::idempotency::Created;
use shared::ids::{ChatId, UserId};
use shared_outbox::Delivery;
use shared_store::{RunQueryDsl, Session, Store, StoreError, any_of, on};
use shared_web::telemetry::Trace;

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
        owe(session, fork.is_given_up(), Audience::Branch, &trace, now).await?;
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
        // Nobody has seen the chat, and so nothing was asked in it.
        deliveries.extend(owe(session, fork.is_given_up(), Audience::Branch, trace, now).await?);
    }
    Ok(deliveries)
}

/// Some forks whose next attempt is due.
pub async fn forks_due(store: &Store, limit: usize, now: Timestamp) -> Result<Vec<ChatFork>, StoreError> {
    let due = chat_forks::table
        .filter(chat_forks::next_attempt_at.le(now))
        .order((chat_forks::next_attempt_at, chat_forks::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX));
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
