//! The sweep, at start and every minute: destroys chats whose undo window is over, and removes rows that were deleted long ago.

use super::destroy::destroy;
use super::schema::{chats, conversations, deleted_accounts};
use super::state_change::Audience;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::{Clock, Timestamp};
use shared::error::causes;
use shared::idempotency::RequestHash;
use shared::ids::{ChatId, ConversationId, KeyId};
use shared::tasks::Tasks;
use shared_store::{RunQueryDsl, Session, Store, StoreError, any_of, on};
use shared_web::telemetry::Trace;
use std::time::Duration;

/// The interval of sweeps. Each looks into indexes that hold only what is deleted.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
/// Rows of one step: few, so that no writer waits long for it.
const ROWS_PER_SWEEP: i64 = 200;
/// Chats of one step that are destroyed, each with its records.
const CHATS_PER_SWEEP: i64 = 20;
/// The pause between two steps, in which others can write.
const PAUSE_BETWEEN_SWEEPS: Duration = Duration::from_millis(5);

/// Sweeps, until the service stops. Ids and keys of what was deleted stay taken for `retention`.
pub fn spawn_sweep(store: &Store, retention: Duration, audience: Audience, clock: &Clock, tasks: &Tasks) {
    let (store, clock) = (store.clone(), clock.clone());
    tasks.every_while_busy(SWEEP_INTERVAL, PAUSE_BETWEEN_SWEEPS, move || {
        let (store, now) = (store.clone(), clock.now());
        async move {
            sweep(&store, retention, audience, now).await.unwrap_or_else(|error| {
                tracing::warn!(error = causes(&error), "what was deleted is still there");
                false
            })
        }
    });
}

/// Runs a step of each kind, and returns whether there may be more to do.
async fn sweep(
    store: &Store,
    retention: Duration,
    audience: Audience,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let until = now.minus(retention);
    let purged = store.write_exclusively(move |session| purge_chats(session, audience, now).boxed()).await?;
    let forgotten = store.write_exclusively(move |session| forget_chats(session, until).boxed()).await?;
    let keys = store.write_exclusively(move |session| free_keys(session, until).boxed()).await?;
    store.write_exclusively(move |session| forget_accounts(session, now).boxed()).await?;
    // Another replica that sweeps goes on until nothing is left.
    Ok([purged, forgotten, keys].contains(&Some(true)))
}

/// Destroys chats that can be restored no longer. The relay delivers it.
async fn purge_chats(session: &mut Session, audience: Audience, now: Timestamp) -> Result<bool, StoreError> {
    let due = chats::table.filter(chats::purge_at.is_not_null().and(chats::purge_at.le(now)));
    let due = due.order(chats::purge_at).limit(CHATS_PER_SWEEP).select(chats::id);
    let due: Vec<ChatId> = on!(session, |c| due.load(c).await)?;
    if due.is_empty() {
        return Ok(false);
    }
    let lock = diesel::update(chats::table.filter(any_of(chats::id, due)));
    let lock = lock.set(chats::purge_at.eq(chats::purge_at)).returning((chats::id, chats::purge_at));
    let locked: Vec<(ChatId, Option<Timestamp>)> = on!(session, |c| lock.get_results(c).await)?;
    // Again: it may have been restored, and deleted again, before it was locked.
    let is_due = |purge_at: Option<Timestamp>| purge_at.is_some_and(|purge_at| purge_at <= now);
    let due = locked.into_iter().filter(|(_, purge_at)| is_due(*purge_at)).map(|(chat, _)| chat);
    destroy(session, due.collect(), audience, &Trace::generate(), now).await?;
    Ok(true)
}

/// Removes the rows of chats that were destroyed, and so deleted, long ago.
async fn forget_chats(session: &mut Session, until: Timestamp) -> Result<bool, StoreError> {
    let destroyed = chats::deleted_at.is_not_null().and(chats::purge_at.is_null());
    let due = chats::table.filter(destroyed.and(chats::deleted_at.le(until)));
    let due: Vec<ChatId> = on!(session, |c| due.limit(ROWS_PER_SWEEP).select(chats::id).load(c).await)?;
    if due.is_empty() {
        return Ok(false);
    }
    // Deletes their records, too (ON DELETE CASCADE).
    on!(session, |c| diesel::delete(chats::table.filter(any_of(chats::id, due))).execute(c).await)?;
    Ok(true)
}

/// Records stay as long as their chats; only their keys are free again.
async fn free_keys(session: &mut Session, until: Timestamp) -> Result<bool, StoreError> {
    let due = conversations::table
        .filter(conversations::deleted_at.is_not_null().and(conversations::key_id.is_not_null()))
        .filter(conversations::deleted_at.le(until))
        .limit(ROWS_PER_SWEEP)
        .select(conversations::id);
    let due: Vec<ConversationId> = on!(session, |c| due.load(c).await)?;
    if due.is_empty() {
        return Ok(false);
    }
    let free = (conversations::key_id.eq(None::<KeyId>), conversations::request_hash.eq(None::<RequestHash>));
    let records = conversations::table.filter(any_of(conversations::id, due));
    on!(session, |c| diesel::update(records).set(free).execute(c).await)?;
    Ok(true)
}

async fn forget_accounts(session: &mut Session, now: Timestamp) -> Result<(), StoreError> {
    let over = deleted_accounts::until.le(now).and(deleted_accounts::second_pass_at.is_null());
    on!(session, |c| diesel::delete(deleted_accounts::table.filter(over)).execute(c).await).map(drop)
}
