//! The destruction of chats: their texts go, and nothing brings them back.

use super::first_time::first_time;
use super::schema::{chats, conversations};
use super::state_change::{Audience, owe};
use crate::domain::{ChatSettings, ChatState, StateChange};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};
use shared::tags::Tags;
use shared_outbox::Delivery;
use shared_store::{RunQueryDsl, Session, Store, StoreError, any_of, on};
use shared_web::telemetry::Trace;

/// Some chats of a user that are not destroyed: those that are alive, then those that can be restored.
pub async fn chats_of(store: &Store, owner: UserId, limit: usize) -> Result<Vec<ChatId>, StoreError> {
    store.read(move |session| select_chats_of(session, owner, limit).boxed()).await
}

async fn select_chats_of(
    session: &mut Session,
    owner: UserId,
    limit: usize,
) -> Result<Vec<ChatId>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let owned = chats::table.filter(chats::account_id.eq(owner)).select(chats::id);
    on!(session, |c| {
        let alive = owned.filter(chats::deleted_at.is_null()).order((chats::created_at, chats::id));
        let mut some: Vec<ChatId> = alive.limit(limit).load(c).await?;
        let room = limit - i64::try_from(some.len()).unwrap_or(limit);
        let deleted = owned.filter(chats::purge_at.is_not_null()).order((chats::deleted_at, chats::id));
        let deleted: Vec<ChatId> = deleted.limit(room).load(c).await?;
        some.extend(deleted);
        Ok(some)
    })
}

/// Destroys chats with their records, in whatever state they are. Returns the deliveries for each that was not destroyed before.
pub async fn destroy_chats(
    store: &Store,
    ids: Vec<ChatId>,
    audience: Audience,
    trace: &Trace,
    now: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let trace = trace.clone();
    store
        .write(move |session| async move { destroy(session, ids, audience, &trace, now).await }.boxed())
        .await
}

/// The same within a transaction.
pub(super) async fn destroy(
    session: &mut Session,
    ids: Vec<ChatId>,
    audience: Audience,
    trace: &Trace,
    now: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let is_left = chats::deleted_at.is_null().or(chats::purge_at.is_not_null());
    let left = chats::table.filter(any_of(chats::id, ids)).filter(is_left);
    let no_texts =
        (chats::name.eq(""), chats::tags.eq(Tags::default()), chats::settings.eq(None::<ChatSettings>));
    let no_return = (
        chats::deleted_at.eq(first_time(chats::deleted_at, now).nullable()),
        chats::purge_at.eq(None::<Timestamp>),
        chats::state_number.eq(chats::state_number + 1),
    );
    let columns = (chats::id, chats::account_id, chats::created_at, chats::state_number);
    let destroyed: Vec<(ChatId, UserId, Timestamp, i64)> = on!(session, |c| {
        let destroy = diesel::update(left).set((no_return, no_texts));
        let destroyed: Vec<(ChatId, UserId, Timestamp, i64)> =
            destroy.returning(columns).get_results(c).await?;
        let ids = destroyed.iter().map(|(chat, ..)| *chat);
        let records = conversations::table.filter(any_of(conversations::chat_id, ids));
        let gone = (
            conversations::name.eq(""),
            conversations::deleted_at.eq(first_time(conversations::deleted_at, now).nullable()),
        );
        diesel::update(records).set(gone).execute(c).await?;
        Ok(destroyed)
    })?;
    let mut deliveries = Vec::new();
    for (chat, owner, created_at, number) in destroyed {
        let change = StateChange { chat, owner, created_at, number, state: ChatState::Destroyed };
        deliveries.extend(owe(session, change, audience, trace, now).await?);
    }
    Ok(deliveries)
}
