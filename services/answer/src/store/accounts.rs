//! Deleted accounts.

use super::database_time::{before, now};
use super::schema::{deleted_accounts, provider_keys, runs, token_usage};
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::ids::UserId;
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};
use std::time::Duration;

/// Deletes all runs of an account with their chunks, its counts and its keys. Owners of running ones lose their authority. Idempotent.
pub async fn delete_account(store: &Store, owner: UserId) -> Result<(), StoreError> {
    store.write(move |session| delete(session, owner).boxed()).await
}

async fn delete(session: &mut Session, owner: UserId) -> Result<(), StoreError> {
    let account = (deleted_accounts::account_id.eq(owner), deleted_accounts::deleted_at.eq(now()));
    on!(session, |c| {
        let record = diesel::insert_into(deleted_accounts::table).values(account);
        let record = record.on_conflict(deleted_accounts::account_id).do_update();
        record.set(deleted_accounts::deleted_at.eq(now())).execute(c).await?;
        diesel::delete(provider_keys::table.filter(provider_keys::owner.eq(owner))).execute(c).await?;
        // The user before the runs, as elsewhere.
        diesel::delete(token_usage::table.filter(token_usage::owner.eq(owner))).execute(c).await?;
        // Their chunks go with them (ON DELETE CASCADE).
        diesel::delete(runs::table.filter(runs::owner.eq(owner))).execute(c).await
    })
    .map(drop)
}

/// Whether an account is deleted, as long as its tokens may be valid.
pub(super) async fn is_deleted(session: &mut Session, account: UserId) -> Result<bool, StoreError> {
    let found = deleted_accounts::table.find(account).count();
    let count: i64 = on!(session, |c| found.get_result(c).await)?;
    Ok(count > 0)
}

/// Deletes the keys that were stored while their account was deleted, and forgets accounts none of whose tokens is valid any more.
pub(super) async fn sweep_accounts(session: &mut Session, retention: Duration) -> Result<(), StoreError> {
    on!(session, |c| {
        let deleted = deleted_accounts::table.select(deleted_accounts::account_id);
        let late = provider_keys::table.filter(provider_keys::owner.eq_any(deleted));
        diesel::delete(late).execute(c).await?;
        let old = deleted_accounts::deleted_at.lt(before(retention));
        diesel::delete(deleted_accounts::table.filter(old)).execute(c).await
    })
    .map(drop)
}
