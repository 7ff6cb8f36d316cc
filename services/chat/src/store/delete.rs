//! Deletion of chats, singly and with their account.

use super::schema::{chats, conversations};
use crate::domain::ChatSettings;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};
use shared::service::Service;
use shared::tags::Tags;
use shared_outbox::{Delivery, outbox};
use shared_store::{RunQueryDsl, Session, Store, StoreError, any_of, on};
use shared_web::telemetry::Trace;

/// The oldest chats of a user.
pub async fn chats_of(store: &Store, owner: UserId, limit: usize) -> Result<Vec<ChatId>, StoreError> {
    let some = chats::table
        .filter(chats::account_id.eq(owner).and(chats::deleted_at.is_null()))
        .order((chats::created_at, chats::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(chats::id);
    store.read(move |session| async move { on!(session, |c| some.load(c).await) }.boxed()).await
}

/// Deletes those of the chats that are this user's, with their records. Puts a delivery for the branch service into the
/// outbox for each, and returns these.
pub async fn delete_chats(
    store: &Store,
    owner: UserId,
    ids: &[ChatId],
    trace: &Trace,
    now: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let (ids, trace) = (ids.to_vec(), trace.clone());
    store.write(move |session| delete_chats_in(session, owner, ids, trace, now).boxed()).await
}

async fn delete_chats_in(
    session: &mut Session,
    owner: UserId,
    ids: Vec<ChatId>,
    trace: Trace,
    now: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let living = chats::table
        .filter(any_of(chats::id, ids))
        .filter(chats::account_id.eq(owner).and(chats::deleted_at.is_null()));
    on!(session, |c| {
        let no_texts =
            (chats::name.eq(""), chats::tags.eq(Tags::default()), chats::settings.eq(None::<ChatSettings>));
        let gone = (chats::deleted_at.eq(Some(now)), no_texts);
        let deleted: Vec<ChatId> =
            diesel::update(living).set(gone).returning(chats::id).get_results(c).await?;
        let records = conversations::table.filter(any_of(conversations::chat_id, deleted.clone()));
        let living = records.clone().filter(conversations::deleted_at.is_null());
        diesel::update(records).set(conversations::name.eq("")).execute(c).await?;
        diesel::update(living).set(conversations::deleted_at.eq(Some(now))).execute(c).await?;
        let deliveries: Vec<_> = deleted.iter().map(|chat| delivery(*chat, owner, &trace, now)).collect();
        // One by one: diesel has no batch insert for SQLite in this form.
        for delivery in &deliveries {
            diesel::insert_into(outbox::table).values(delivery).execute(c).await?;
        }
        Ok(deliveries)
    })
}

fn delivery(chat: ChatId, owner: UserId, trace: &Trace, now: Timestamp) -> Delivery {
    Delivery::new(Service::Branch, format!("/internal/chats/{chat}?owner={owner}"), trace, now)
}
