//! Deleted accounts.

use super::schema::{runs, token_usage};
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::ids::UserId;
use shared_store::{RunQueryDsl, Store, StoreError, on};

/// Deletes all runs of an account with their chunks, and its counts. Owners of running ones lose their authority. Idempotent.
pub async fn delete_account(store: &Store, owner: UserId) -> Result<(), StoreError> {
    store
        .write(move |session| {
            async move {
                on!(session, |c| {
                    // The user before the runs, as elsewhere.
                    diesel::delete(token_usage::table.filter(token_usage::owner.eq(owner)))
                        .execute(c)
                        .await?;
                    // Their chunks go with them (ON DELETE CASCADE).
                    diesel::delete(runs::table.filter(runs::owner.eq(owner))).execute(c).await
                })
                .map(drop)
            }
            .boxed()
        })
        .await
}
