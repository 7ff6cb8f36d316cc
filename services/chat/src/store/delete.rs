//! Deletion of chats, singly and with their account.

use super::schema::{chats, conversations};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};
use shared::service::Service;
use shared_outbox::{Delivery, outbox};
use shared_store::{Store, StoreError};
use shared_store::{on, tx};
use shared_web::telemetry::Trace;

/// The oldest chats of a user.
pub async fn chats_of(store: &Store, owner: UserId, limit: usize) -> Result<Vec<ChatId>, StoreError> {
    let some = chats::table
        .filter(chats::account_id.eq(owner).and(chats::deleted_at.is_null()))
        .order((chats::created_at, chats::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(chats::id);
    on!(store, |c| some.load(c).await)
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
    let living = chats::table
        .filter(chats::id.eq_any(ids))
        .filter(chats::account_id.eq(owner).and(chats::deleted_at.is_null()));
    tx!(store, |c| {
        let gone = (chats::deleted_at.eq(Some(now)), chats::name.eq(""));
        let deleted: Vec<ChatId> =
            diesel::update(living).set(gone).returning(chats::id).get_results(c).await?;
        let records = conversations::table.filter(conversations::chat_id.eq_any(&deleted));
        let living = records.clone().filter(conversations::deleted_at.is_null());
        diesel::update(records).set(conversations::name.eq("")).execute(c).await?;
        diesel::update(living).set(conversations::deleted_at.eq(Some(now))).execute(c).await?;
        let deliveries: Vec<_> = deleted.iter().map(|chat| delivery(*chat, owner, trace, now)).collect();
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
